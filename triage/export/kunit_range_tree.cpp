// KUnit tests of a kernel's range tree. Its calls are serial: each is made with the owner's lock
// held. So all that can be said of a run is said by the order of calls, and by which allocation of
// a node failed: the test has a kmalloc_nolock() of its own, and decides that.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "triage/export/kunit_calls.h"
#include "triage/export/kunit_range_tree_code.h"
#include "triage/export/kunit_test.h"

namespace anyctx::triage {
namespace {

constexpr std::uint64_t kMostNumbers = 1 << 20;  // of the model's bitmap, and of an arena
constexpr std::uint64_t kHighPart = std::uint64_t{1} << 32;

/// What the file has under names of its own: the kernel may have the original, and other tests.
constexpr std::array<std::string_view, 6> kFunctions = {"range_tree_init",   "range_tree_destroy",
                                                        "range_tree_set",    "range_tree_clear",
                                                        "is_range_tree_set", "range_tree_find"};

/// What the test checks.
constexpr std::string_view kBestFit =
    "the smallest run that fits is found, of equal ones the one that changed last";
constexpr std::array<std::string_view, 11> kRulesOfTrees = {
    "a change that fails changes nothing",
    "numbers that a call does not name stay as they are",
    "a change adds or removes what it names",
    "a tree has as many nodes as runs",
    "a tree's runs are disjoint, maximal and in both of its orders",
    "a range is set if all of its numbers are",
    kBestFit,
    "what is there is found",
    "what is not there is not found",
    "a change of a valid range succeeds, or there is no memory",
    "a change that fails has a cause"};

std::string redefinition(std::string_view name, std::string_view meaning) {
  return fmt::format("#define {} {}\n", name, meaning);
}

std::string_view ordinal_end(unsigned n) {
  constexpr std::string_view ends[] = {"th", "st", "nd", "rd"};
  return n % 10 < 4 && n % 100 / 10 != 1 ? ends[n % 10] : ends[0];
}

/// Which allocations of an operation fail.
struct Missing {
  unsigned first = 0;  // 0: none
  unsigned last = 0;
};

class RangeTreeWriter {
 public:
  RangeTreeWriter(const Scenario& scenario, const std::string& suite)
      : scenario_(scenario), suite_(suite) {}

  KunitTest write() {
    const std::uint32_t limit = scenario_.param("limit").value;
    limit_ = limit != 0 ? limit : kHighPart;
    check_run();
    for (std::size_t i = 0; i < scenario_.steps.size(); ++i) {
      if (!scenario_.steps[i].within) tell(i);
    }
    if (test_.reasons.empty()) assemble();
    return std::move(test_);
  }

 private:
  void refuse(std::string reason) { test_.reasons.push_back(std::move(reason)); }

  void check_run() {
    if (limit_ > kMostNumbers) {
      refuse(fmt::format("limit={}: the test's model has at most {} numbers",
                         scenario_.param("limit").text, kMostNumbers));
    }
    const bool refuses = scenario_.param("rt").value != 0 || scenario_.param("cas2").value == 0;
    if (refuses && scenario_.param("whole").value != 0) {
      refuse("rt=yes or cas2=no with whole=yes: whether the tree was full at first is not told");
    }
    if (std::string blind = blindness(scenario_, kRulesOfTrees); !blind.empty())
      refuse(std::move(blind));
    if (scenario_.verdict && scenario_.verdict->rule == kBestFit)
      test_.notes.emplace_back("of runs that fit equally well, any may be found");
  }

  /// A step, what interrupted it before and behind it.
  void tell(std::size_t index) {
    const ScenarioStep& step = scenario_.steps[index];
    tell_those_within(index, "op.begin");
    if (!step.is_work()) tell_call(index);
    tell_those_within(index, "op.end");
    for (std::size_t i = index + 1; i < scenario_.steps.size(); ++i) {
      const ScenarioStep& inner = scenario_.steps[i];
      if (inner.within != index || inner.entered_at == "op.begin" || inner.entered_at == "op.end")
        continue;
      if (!inner.is_work() && is_call(inner) && is_call(step)) {
        refuse(
            fmt::format("{} ({}) comes at {} of {}: whether before it has the lock or after is "
                        "not told",
                        inner.where, inner.text, inner.entered_at, step.where));
      }
      tell(i);
    }
  }

  void tell_those_within(std::size_t index, std::string_view point) {
    for (std::size_t i = index + 1; i < scenario_.steps.size(); ++i) {
      if (scenario_.steps[i].within == index && scenario_.steps[i].entered_at == point) tell(i);
    }
  }

  static bool has_lock(const ScenarioStep& step) {
    return !step.result || (step.result->error != "EDEADLK" && step.result->error != "ETIMEDOUT");
  }

  /// Of operations of the tree; of others, only that memory was missing is seen.
  static bool is_of_tree(const ScenarioStep& step) {
    return step.operation != "take_objects" && step.operation != "take_pages" &&
           step.operation != "give_back";
  }

  bool is_call(const ScenarioStep& step) const {
    return is_of_tree(step) && has_lock(step) && is_valid(step);
  }

  /// What callers of the tree see to.
  bool is_valid(const ScenarioStep& step) const {
    if (step.operation == "destroy") return true;
    const std::uint64_t start = step.operation.starts_with("find") ? 0 : step.arg("start").value;
    const bool is_comb = step.operation == "comb";
    std::uint64_t length =
        is_comb ? 2 * std::uint64_t{step.arg("teeth").value} - 1 : step.arg("length").value;
    if (!is_comb) length += step.arg("high").value * kHighPart;
    return length != 0 && length <= limit_ && start <= limit_ - length;
  }

  void tell_call(std::size_t index) {
    const ScenarioStep& step = scenario_.steps[index];
    const std::string name = fmt::format("{}: {}", step.where, step.text);
    if (!is_of_tree(step)) return leave_out(name, "memory that somebody takes or gives back");
    if (!has_lock(step)) return leave_out(name, "did not get the owner's lock");
    if (!is_valid(step)) return leave_out(name, "callers give no such range to a tree");
    for (std::size_t i = 0; i < scenario_.steps.size(); ++i) {
      if (i <= index || !is_call(scenario_.steps[i]) || !is_beside(i, index)) continue;
      refuse(fmt::format("{} and {} run at once: which has the lock first is not told", step.where,
                         scenario_.steps[i].where));
    }
    const Missing missing = missing_in(step);
    if (missing.first != 0) tell_missing(step, missing);
    code_ += fmt::format("\t{}(test{});\t/* {} */\n", step.operation, arguments(step), step.where);
  }

  void tell_missing(const ScenarioStep& step, const Missing& missing) {
    lacks_ = true;
    const bool one = missing.first == missing.last;
    code_ += fmt::format("\tif (lacks_memory)\n\t\tlet_fail(test, {}, {});\n", missing.first,
                         one ? fmt::format("{}", missing.last) : "UINT_MAX");
    test_.notes.push_back(fmt::format(
        "{}: {}: the {}{} kmalloc_nolock(){} finds no memory", step.where, step.text, missing.first,
        ordinal_end(missing.first), one ? "" : ", and each one behind it,"));
  }

  /// Both were under way, and neither interrupted the other.
  bool is_beside(std::size_t one, std::size_t other) const {
    const ScenarioStep& a = scenario_.steps[one];
    const ScenarioStep& b = scenario_.steps[other];
    return a.begin < b.end && b.begin < a.end && !is_nested(scenario_, one, other) &&
           !is_nested(scenario_, other, one);
  }

  void leave_out(const std::string& name, std::string_view why) {
    test_.notes.push_back(fmt::format("{}: left out: {}", name, why));
  }

  /// As decided; or, where memory was missing by itself, the only allocation that there is in a
  /// call that may need a node.
  Missing missing_in(const ScenarioStep& step) {
    for (const ScenarioDecision& decision : step.decisions) {
      if (!decision.point.starts_with("range_tree.") || !decision.outcome.starts_with("fail"))
        continue;
      const bool once = decision.outcome == "fail";
      return {decision.occurrence, once ? decision.occurrence : ~0u};
    }
    const bool judged =
        !step.result && scenario_.verdict && scenario_.verdict->kind == "failure-atomicity";
    if (!judged && (!step.result || step.result->error != "ENOMEM")) return {};
    if (step.operation == "comb")
      refuse(fmt::format("{} ({}): which of its calls found no memory is not told", step.where,
                         step.text));
    return {1, 1};
  }

  static std::string arguments(const ScenarioStep& step) {
    std::string text;
    for (const NamedValue& arg : step.args) {
      if (arg.name == "high") continue;
      text += arg.name == "whole" ? fmt::format(", {}", arg.value != 0) : ", " + arg.text;
    }
    return text;
  }

  void assemble() {
    std::string& code = test_.code;
    code =
        "#include <kunit/test-bug.h>\n#include <kunit/test.h>\n#include <linux/bitmap.h>\n"
        "#include <linux/bpf.h>\n#include <linux/interval_tree_generic.h>\n"
        "#include <linux/limits.h>\n#include <linux/slab.h>\n\n";
    code += fmt::format("enum {{ LIMIT = {} }};\t/* numbers below it are in the tree */\n", limit_);
    code += kRangeTreeMemory;
    code += "/* The kernel may have the original, and other tests like this. */\n";
    for (const std::string_view name : kFunctions)
      code += redefinition(name, fmt::format("{}_{}", suite_, name));
    code += "#undef kmalloc_nolock\n";
    code += redefinition("kmalloc_nolock(size, flags, node)", "scenario_alloc(size)");
    code += redefinition("kfree_nolock(node)", "scenario_free(node)");
    code += "#include \"range_tree.c\"\n";
    code += kRangeTreeModel;
    code += fmt::format("\nstatic void scenario(struct kunit *test{})\n{{\n",
                        lacks_ ? ", bool lacks_memory" : "");
    if (scenario_.param("whole").value != 0) code += "\tset(test, 0, LIMIT);\t/* at creation */\n";
    code += code_ + "}\n";
    add_case("as_it_was_found", "true");
    // Shows that it is the failure that matters, and that the test works.
    if (lacks_) add_case("with_memory", "false");
    test_.init = "scenario_init";
    test_.exit = "scenario_exit";
  }

  void add_case(std::string_view name, std::string_view lacks) {
    test_.cases.emplace_back(name);
    test_.code +=
        fmt::format("\nstatic void {}(struct kunit *test)\n{{\n\tscenario(test{}{});\n}}\n", name,
                    lacks_ ? ", " : "", lacks_ ? lacks : "");
  }

  const Scenario& scenario_;
  const std::string& suite_;
  std::uint64_t limit_ = 0;
  std::string code_;  // of the calls
  bool lacks_ = false;
  KunitTest test_;
};

KunitTest write_range_tree(const Scenario& scenario, const std::string& suite) {
  return RangeTreeWriter(scenario, suite).write();
}

}  // namespace

const KunitTarget kKunitRangeTree = {"range_tree", "kernel/bpf/range_tree.c", "kernel/bpf",
                                     "--kconfig_add CONFIG_BPF_SYSCALL=y ", write_range_tree};

}  // namespace anyctx::triage
