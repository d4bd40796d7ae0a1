#include "triage/cli/mutant_trial.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "triage/cli/interrupt.h"
#include "triage/cli/setup_error.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr int kWaitMs = 200;
constexpr unsigned kDepth = 3;     // of bugs that random schedules look for
constexpr unsigned kAtOnce = 100;  // schedules of one program before the next has its turn

double cpu_seconds_of_children() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// This tool, on the clone with the bug: also if it was built anew meanwhile.
Command command_of(const MutantPlan& plan) {
  Command command{{"/proc/self/exe", "--root", plan.clone}, {}};
  const bool sweeps =
      plan.engine == "sweep" || plan.engine == "pct" || plan.engine == "instructions";
  command.with(sweeps ? "sweep" : "fuzz").with(plan.target);
  if (plan.engine == "instructions") return command.with("--instructions");
  command.with("--time").with(fmt::format("{}s", plan.time.count())).with("--first").with("--json");
  command.with("--out").with(plan.folder);
  if (sweeps) command.with("--sanitizer").with("address");
  if (plan.engine == "sweep") return command.with("--jobs").with("1");
  command.with("--seed").with(std::to_string(plan.seed));
  if (plan.engine == "pct")
    return command.with("--pct")
        .with(std::to_string(kDepth))
        .with("--runs")
        .with(std::to_string(kAtOnce));
  if (plan.engine == "afl") command.with("--engine").with("afl");
  for (const std::string& kind : plan.ignored) command.with("--ignore").with(kind);
  if (plan.engine == "ops") command.with("--no-decisions");
  if (plan.engine == "random") command.with("--no-feedback");
  return command;
}

/// False: there is no more.
bool read_some(pollfd& file, std::string& text) {
  char buffer[16384];
  const ssize_t count = ::read(file.fd, buffer, sizeof buffer);
  if (count > 0) text.append(buffer, static_cast<std::size_t>(count));
  if (count > 0 || (count < 0 && errno == EINTR)) return true;
  file.fd = -1;
  return false;
}

/// As capture(), but ends the process when somebody interrupts.
Captured capture_until_interrupted(const Command& command) {
  Process process(command, Process::Output::pipes);
  Captured captured;
  int told = interrupts();
  pollfd files[] = {{process.output(), POLLIN, 0}, {process.errors(), POLLIN, 0}};
  while (files[0].fd >= 0 || files[1].fd >= 0) {
    if (interrupts() > told) {
      process.signal(SIGINT);
      told = interrupts();
    }
    if (::poll(files, 2, kWaitMs) <= 0) continue;
    if (files[0].revents != 0) read_some(files[0], captured.output);
    if (files[1].revents != 0) read_some(files[1], captured.errors);
  }
  captured.exit = process.wait();
  return captured;
}

void read_fuzz(const json& report, MutantTrial& trial) {
  for (const json& target : report.at("targets")) {
    trial.executions += target.at("exercised").at("executions").get<std::uint64_t>();
    for (const json& finding : target.at("findings")) {
      if (!trial.kind.empty()) break;
      trial.kind = finding.at("kind");
      trial.seconds = finding.at("seconds");
      trial.file = finding.at("file");
    }
  }
}

void read_sweep(const json& report, MutantTrial& trial) {
  if (report.contains("runs")) trial.executions = report.at("runs");
  if (report.contains("targets")) {
    for (const json& target : report.at("targets"))
      trial.executions += target.at("runs").get<std::uint64_t>();
  }
  const json& findings = report.at("findings");
  if (findings.empty()) return;
  trial.kind = findings.front().at("kind");
  trial.file = findings.front().at("file");
}

/// The text of a sweep of instructions.
void read_instructions(const Captured& captured, MutantTrial& trial) {
  if (captured.exit.code == kExitSetup) throw SetupError(complaint(captured.errors));
  if (captured.exit.code == kExitBug) trial.kind = "instructions";
}

}  // namespace

const std::vector<std::string>& mutant_engines() {
  static const std::vector<std::string> engines = {"libfuzzer", "afl", "ops",         "random",
                                                   "sweep",     "pct", "instructions"};
  return engines;
}

bool depends_on_seed(std::string_view engine) {
  return engine != "sweep" && engine != "instructions";
}

std::optional<MutantTrial> try_mutant(const MutantPlan& plan) {
  fs::remove_all(plan.folder);
  fs::create_directories(plan.folder);
  MutantTrial trial;
  trial.seed = plan.seed;
  const double cpu_before = cpu_seconds_of_children();
  const Clock::time_point begin = Clock::now();
  const Captured captured = capture_until_interrupted(command_of(plan));
  trial.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  trial.cpu_seconds = cpu_seconds_of_children() - cpu_before;
  if (interrupts() > 0) return std::nullopt;
  if (plan.engine == "instructions") {
    read_instructions(captured, trial);
    return trial;
  }
  const json report = json::parse(captured.output, nullptr, false);
  if (!report.is_object())
    throw SetupError(
        fmt::format("{} with {}: {}", plan.target, plan.engine, complaint(captured.errors)));
  report.contains("command") ? read_fuzz(report, trial) : read_sweep(report, trial);
  return trial;
}

}  // namespace anyctx::triage
