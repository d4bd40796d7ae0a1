#include "triage/cli/installation.h"

#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "triage/cli/setup_error.h"

namespace anyctx::triage {
namespace {

/// Options of a sanitizer, ours before the user's, so that the user's win.
std::pair<std::string, std::string> option(const char* variable, std::string ours) {
  if (std::filesystem::exists("/usr/bin/llvm-symbolizer-19"))
    ours += ":external_symbolizer_path=/usr/bin/llvm-symbolizer-19";
  const char* users = std::getenv(variable);
  return {variable, users == nullptr ? ours : ours + ":" + users};
}

/// A finding ends the process with exit code 77. No leak check: a verdict abandons stacks, and
/// containers often forbid it. A small quarantine: what the subjects free is poisoned by them. No
/// check for use after return: it takes half of the time, as each run starts new fibers.
std::vector<std::pair<std::string, std::string>> environment() {
  return {option("ASAN_OPTIONS",
                 "exitcode=77:detect_leaks=0:quarantine_size_mb=8:"
                 "detect_stack_use_after_return=0"),
          option("UBSAN_OPTIONS", "exitcode=77:print_stacktrace=1:print_summary=1"),
          option("TSAN_OPTIONS", "exitcode=77:halt_on_error=1")};
}

}  // namespace

std::filesystem::path Installation::binary(std::string_view sanitizer,
                                           std::string_view name) const {
  const std::string preset = sanitizer.empty() ? "tool" : fmt::format("fuzz-{}", sanitizer);
  return root_ / "build" / preset / "bin" / name;
}

Command Installation::runner(std::string_view sanitizer) const {
  return {{binary(sanitizer, "anyctx-run")}, environment()};
}

Command Installation::counting_runner() const {
  return {{root_ / "build" / "coverage" / "bin" / "anyctx-run"}, environment()};
}

Command Installation::fuzzer(std::string_view target, std::string_view sanitizer) const {
  return {{binary(sanitizer, fmt::format("{}_fuzzer", target))}, environment()};
}

std::vector<TargetInfo> Installation::targets() const {
  const Command command = runner().with("targets");
  const Captured captured = capture(command);
  const auto list = nlohmann::json::parse(captured.output, nullptr, false);
  if (captured.exit.code != 0 || captured.exit.signal != 0 || !list.is_array() || list.empty())
    throw SetupError(
        fmt::format("{} does not work; remove the folder build and start again", command.words[0]));
  std::vector<TargetInfo> targets;
  for (const auto& entry : list) targets.push_back({entry.at("name"), entry.at("what")});
  return targets;
}

}  // namespace anyctx::triage
