// A finding as a BPF selftest: a program and a process, for tools/testing/selftests/bpf of a tree.
#include <fmt/format.h>

#include <algorithm>

#include "triage/export/bpf_source.h"
#include "triage/export/regression.h"

namespace anyctx::triage {
namespace {

constexpr std::string_view kAccountOfSlots =
    "The process runs a program for each call, in this order, and keeps account of what each page\n"
    "of the arena is. In the end it looks which pages can be allocated.\n";

constexpr std::string_view kAccountOfLimit =
    "Where a call finds no memory, the cgroup that pays for the arena is at its limit.\n";

std::string refusal_of_target(std::string_view target) {
  if (target == "arena") return {};
  return fmt::format(
      "only findings in arenas (target arena) become BPF selftests: what {} does is "
      "not called by programs in an order that a test can choose",
      target);
}

/// As files and functions are called: no digit comes first.
std::string identifier(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name.find_first_of("0123456789") == 0 ? "arena_" + name : name;
}

/// Nothing in it ends a comment.
std::string harmless(std::string text) {
  for (std::size_t at = text.find("*/"); at != std::string::npos; at = text.find("*/", at))
    text.insert(at + 1, " ");
  return text;
}

WrittenTest write_bpf(const Regression& regression) {
  const ArenaScript script = arena_script(regression.scenario);
  if (!script.reasons.empty()) return {{}, script.reasons};
  BpfTestHead head;
  head.name = identifier(regression.name);
  head.about = harmless(fmt::format("{}: {}\n\n{}\nShown by: {}\n\n{}{}", regression.target,
                                    regression.headline, regression.story, regression.replay,
                                    kAccountOfSlots, script.is_starved() ? kAccountOfLimit : ""));
  WrittenTest test;
  test.files = {{"progs/" + head.name + ".c", bpf_program_source(head, script)},
                {"prog_tests/" + head.name + ".c", bpf_test_source(head, script)}};
  return test;
}

}  // namespace

const RegressionForm kBpfForm = {"bpf", "", RegressionForm::Home::kernel, refusal_of_target,
                                 write_bpf};

}  // namespace anyctx::triage
