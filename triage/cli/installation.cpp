#include "triage/cli/installation.h"

#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "fuzzers/ops/suggest.h"
#include "triage/cli/files.h"
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
/// containers often forbid it. A small quarantine: what the subjects free is poisoned by them.
/// No check for use after return where code of ours has it: it takes half of the time, as each run
/// starts new fibers. Of a kernel's runs, the heap is ours alone: who allocated is of no interest.
std::vector<std::pair<std::string, std::string>> environment(bool is_kernel) {
  const std::string common = "exitcode=77:detect_leaks=0:quarantine_size_mb=8:";
  return {option("ASAN_OPTIONS", common + (is_kernel ? "malloc_context_size=2"
                                                     : "detect_stack_use_after_return=0")),
          option("UBSAN_OPTIONS", "exitcode=77:print_stacktrace=1:print_summary=1"),
          option("TSAN_OPTIONS", "exitcode=77:halt_on_error=1")};
}

/// AFL++ insists on some of the sanitizers' options. Programs are not trimmed byte by byte.
std::vector<std::pair<std::string, std::string>> afl_environment(const std::string& mutator) {
  const std::string common = "abort_on_error=1:symbolize=0:handle_abort=0:handle_segv=0:";
  return {{"ASAN_OPTIONS",
           common + "detect_leaks=0:quarantine_size_mb=8:detect_stack_use_after_return=0"},
          {"UBSAN_OPTIONS", common + "halt_on_error=1"},
          {"TSAN_OPTIONS", common + "halt_on_error=1"},
          {"AFL_CUSTOM_MUTATOR_LIBRARY", mutator},
          {"AFL_CUSTOM_MUTATOR_ONLY", "1"},
          {"AFL_DISABLE_TRIM", "1"},
          {"AFL_FAST_CAL", "1"},
          {"AFL_NO_UI", "1"},
          {"AFL_NO_AFFINITY", "1"},
          {"AFL_SKIP_CPUFREQ", "1"},
          {"AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES", "1"}};  // a core pattern is root's to change
}

/// The only kernel that is prepared.
std::string only_kernel(const std::filesystem::path& prepared) {
  std::vector<std::string> names;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(prepared, none)) {
    if (std::filesystem::exists(entry.path() / "flags")) names.push_back(entry.path().filename());
  }
  if (names.size() == 1) return names.front();
  if (names.empty())
    throw SetupError("no kernel is prepared; run ./anyctx kernel build --tree DIR first");
  throw SetupError(fmt::format("several kernels are prepared; choose with --subject: kernel:{}",
                               fmt::join(names, " kernel:")));
}

}  // namespace

Installation Installation::with_subject(std::string_view subject) const {
  constexpr std::string_view kKernel = "kernel";
  Installation other(root_);
  if (subject == "ours") return other;
  const std::filesystem::path prepared = root_ / "build" / kKernel;
  if (subject == kKernel) {
    other.kernel_ = only_kernel(prepared);
  } else if (subject.starts_with("kernel:")) {
    other.kernel_ = subject.substr(kKernel.size() + 1);
  } else {
    throw SetupError(
        fmt::format("unknown subject '{}'; there are ours, kernel, kernel:NAME", subject));
  }
  if (!std::filesystem::exists(prepared / other.kernel_ / "flags"))
    throw SetupError(
        fmt::format("there is no kernel '{}'; run ./anyctx kernel build --tree DIR --name {}",
                    other.kernel_, other.kernel_));
  return other;
}

std::string Installation::replay_command(std::string_view sanitizer) const {
  if (kernel_.empty()) return triage::replay_command(sanitizer);
  return fmt::format("{} --subject kernel:{}", triage::replay_command({}), kernel_);
}

std::filesystem::path Installation::binary(std::string_view sanitizer,
                                           std::string_view name) const {
  if (!kernel_.empty()) {
    if (!sanitizer.empty() && sanitizer != "address")
      throw SetupError("kernel sources are built with AddressSanitizer only; drop --sanitizer");
    return root_ / "build" / "fuzz-kernel" / "kernel" / kernel_ / name;
  }
  const std::string preset = sanitizer.empty() ? "tool" : fmt::format("fuzz-{}", sanitizer);
  return root_ / "build" / preset / "bin" / name;
}

Command Installation::runner(std::string_view sanitizer) const {
  return {{binary(sanitizer, "anyctx-run")}, environment(!kernel_.empty())};
}

bool Installation::has_runner(std::string_view sanitizer) const {
  return std::filesystem::exists(binary(sanitizer, "anyctx-run"));
}

Command Installation::counting_runner() const {
  return {{root_ / "build" / "coverage" / "bin" / "anyctx-run"}, environment(!kernel_.empty())};
}

Command Installation::fuzzer(std::string_view target, std::string_view sanitizer) const {
  return {{binary(sanitizer, fmt::format("{}_fuzzer", target))}, environment(!kernel_.empty())};
}

Command Installation::instructions() const {
  return {{binary({}, "anyctx-instructions")}, {}};
}

Command Installation::afl() const {
  for (const char* folder : {"/usr/bin", "/usr/local/bin"}) {
    const std::filesystem::path program = std::filesystem::path(folder) / "afl-fuzz";
    if (std::filesystem::exists(program))
      return {{program}, afl_environment(binary({}, "afl_mutator.so"))};
  }
  throw SetupError("afl-fuzz is not there; install the Debian package afl++");
}

std::filesystem::path Installation::afl_fuzzer(std::string_view target,
                                               std::string_view sanitizer) const {
  return binary(sanitizer, fmt::format("{}_afl", target));
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

void require_target(const std::vector<TargetInfo>& known, const std::string& name) {
  std::string names;
  program::Suggestion suggestion(name);
  for (const TargetInfo& target : known) {
    if (target.name == name) return;
    names += " " + target.name;
    suggestion.offer(target.name);
  }
  throw SetupError(
      fmt::format("unknown target '{}'; there are{}{}", name, names, suggestion.clause()));
}

}  // namespace anyctx::triage
