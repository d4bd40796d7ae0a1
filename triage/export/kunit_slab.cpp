// KUnit tests of a kernel's slab allocator: calls of one task, and whether each object is its
// owner's alone.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "triage/export/kunit_calls.h"
#include "triage/export/kunit_slab_code.h"
#include "triage/export/kunit_test.h"

namespace anyctx::triage {
namespace {

constexpr std::uint32_t kFirstNoNode = 4;  // a node argument from here on means: no preference
constexpr std::size_t kMostSteps = 250;    // numbers fit in a byte

/// What the test checks.
constexpr std::array<std::string_view, 3> kRulesOfSlabs = {
    "memory is handed out to one user at a time", "memory that was asked for zeroed is zero",
    "only its user writes to memory that is in use"};

struct FlagName {
  std::string_view word;  // in programs
  std::string_view name;  // in a kernel
};
constexpr std::array<FlagName, 8> kFlagNames = {{
    {"zero", "__GFP_ZERO"},
    {"account", "__GFP_ACCOUNT"},
    {"reclaimable", "__GFP_RECLAIMABLE"},
    {"thisnode", "__GFP_THISNODE"},
    {"red_zone", "SLAB_RED_ZONE"},
    {"poison", "SLAB_POISON"},
    {"store_user", "SLAB_STORE_USER"},
    {"consistency", "SLAB_CONSISTENCY_CHECKS"},
}};

bool has_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find('|'), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

class SlabWriter {
 public:
  explicit SlabWriter(const Scenario& scenario) : scenario_(scenario) {}

  KunitTest write() {
    test_.reasons = obstacles(scenario_);
    if (std::string blind = blindness(scenario_, kRulesOfSlabs); !blind.empty())
      refuse(std::move(blind));
    if (scenario_.steps.size() > kMostSteps) refuse("it has too many steps");
    if (scenario_.param("debug").value != 0)
      test_.notes.push_back("the kernel has to boot with slab_debug=, as the program says debug=" +
                            scenario_.param("debug").text);
    for (std::size_t i = 0; i < scenario_.steps.size(); ++i) {
      const ScenarioStep& step = scenario_.steps[i];
      if (step.is_work() || did_nothing(step)) continue;
      const std::string call = call_of(step, i);
      if (!call.empty()) code_ += fmt::format("\t{}\t/* {}: {} */\n", call, step.where, step.text);
    }
    if (test_.reasons.empty()) assemble();
    return std::move(test_);
  }

 private:
  void refuse(std::string reason) { test_.reasons.push_back(std::move(reason)); }

  std::string call_of(const ScenarioStep& step, std::size_t i) {
    if (step.result && step.result->outcome == "failed") {
      refuse(fmt::format("{} ({}): it failed; only calls that succeed are tested", step.where,
                         step.text));
      return {};
    }
    const std::string& name = step.operation;
    if (name == "kmalloc") {
      check_node(step);
      return fmt::format("take(test, {}, {}, {});", i, step.arg("size").text, gfp(step));
    }
    if (name == "kmalloc_nolock") {
      check_node(step);
      return fmt::format("take_nolock(test, {}, {}, {}, {});", i, step.arg("size").text,
                         flags(step, "0"), caller(step));
    }
    if (name == "kfree") return fmt::format("give(test, {});", *step.takes);
    if (name == "kfree_nolock")
      return fmt::format("give_nolock(test, {}, {});", *step.takes, caller(step));
    if (name == "kmem_cache_alloc") {
      check_node(step);
      return fmt::format("take_cached(test, {}, {}, {});", i, step.arg("cache").value, gfp(step));
    }
    if (name == "kmem_cache_free") return fmt::format("give_cached(test, {});", *step.takes);
    if (name == "kmem_cache_create") return create(step);
    if (name == "kmem_cache_shrink")
      return fmt::format("shrink(test, {});", step.arg("cache").value);
    if (name == "kmem_cache_destroy")
      return fmt::format("destroy(test, {});", step.arg("cache").value);
    if (name == "deferred_work_barrier") {
      test_.notes.push_back(fmt::format("{}: {}: left out", step.where, step.text));
      return {};
    }
    refuse(fmt::format("{} ({}): a kernel's module has no such call", step.where, step.text));
    return {};
  }

  std::string create(const ScenarioStep& step) {
    if (has_word(step.arg("flags").text, "ctor"))
      refuse(fmt::format("{} ({}): constructors are not tested", step.where, step.text));
    std::string kept = flags(step, "0");
    // Of caches, it is another flag.
    if (const std::size_t at = kept.find("__GFP_RECLAIMABLE"); at != std::string::npos)
      kept.replace(at, std::string_view("__GFP_RECLAIMABLE").size(), "SLAB_RECLAIM_ACCOUNT");
    return fmt::format("create(test, {}, {}, {}, {});", step.arg("cache").value,
                       step.arg("size").text, step.arg("align").text, kept);
  }

  void check_node(const ScenarioStep& step) {
    if (step.arg("node").value < kFirstNoNode)
      refuse(fmt::format("{} ({}): which nodes there are is the machine's", step.where, step.text));
  }

  static std::string gfp(const ScenarioStep& step) {
    return flags(step, has_word(step.arg("flags").text, "nowait") ? "GFP_NOWAIT" : "GFP_KERNEL");
  }

  static std::string flags(const ScenarioStep& step, std::string_view base) {
    std::string text(base == "0" ? "" : base);
    for (const FlagName& flag : kFlagNames) {
      if (!has_word(step.arg("flags").text, flag.word)) continue;
      text += fmt::format("{}{}", text.empty() ? "" : " | ", flag.name);
    }
    return text.empty() ? "0" : text;
  }

  static std::string caller(const ScenarioStep& step) {
    const std::string& words = step.arg("flags").text;
    return fmt::format("{}, {}", has_word(words, "irqs_off"), has_word(words, "preempt_off"));
  }

  void assemble() {
    test_.code = kSlabModel;
    const std::string_view count = "%OBJECTS%";
    test_.code.replace(test_.code.find(count), count.size(),
                       fmt::format("{}", std::max<std::size_t>(scenario_.steps.size(), 1)));
    test_.code +=
        fmt::format("\nstatic void as_it_was_found(struct kunit *test)\n{{\n{}}}\n", code_);
    test_.cases = {"as_it_was_found"};
    test_.init = "scenario_init";
    test_.exit = "scenario_exit";
  }

  const Scenario& scenario_;
  std::string code_;
  KunitTest test_;
};

KunitTest write_slab(const Scenario& scenario, const std::string&) {
  return SlabWriter(scenario).write();
}

}  // namespace

const KunitTarget kKunitSlab = {"slab", "mm/slub.c", "mm", "", write_slab};

}  // namespace anyctx::triage
