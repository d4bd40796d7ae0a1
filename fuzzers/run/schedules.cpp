#include "fuzzers/run/schedules.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "fuzzers/engine/program_file.h"
#include "fuzzers/engine/recording.h"
#include "fuzzers/engine/saved_file.h"
#include "fuzzers/engine/setup_error.h"
#include "fuzzers/engine/story.h"

namespace anyctx::run {
namespace {

using engine::ProgramFile;
using engine::Runner;
using engine::RunResult;
using engine::SetupError;

unsigned tasks_of(const program::Program& program) {
  unsigned count = 0;
  for (const program::LaneOps& ops : program.lanes) {
    count += ops.lane.kind == inject::LaneKind::task ? 1 : 0;
  }
  return count;
}

/// What many runs of one program came to.
struct Tried {
  std::uint32_t runs = 0;
  std::uint32_t steps = 0;       // most of any run
  std::set<std::uint64_t> ends;  // digests
  bool found = false;
};

class Schedules {
 public:
  explicit Schedules(const ScheduleOptions& options) : options_(options) {}

  bool found() const { return found_; }
  bool is_over() const {
    return (options_.first && found_) || (options_.seconds != 0 && Clock::now() >= end_);
  }

  void try_file(const std::string& path, const ProgramFile& file) {
    Runner runner(*file.target);
    // How many steps there are is seen in a run without changes.
    runner.schedule_by(inject::Pct(options_.seed, 1, 1));
    runner.run(file.program);
    Tried tried;
    tried.steps = runner.steps();
    for (; tried.runs < options_.runs && !tried.found && !is_over(); ++tried.runs) {
      runner.schedule_by(
          inject::Pct(options_.seed + turns_ * std::uint64_t{options_.runs} + tried.runs,
                      tried.steps, options_.depth));
      const RunResult result = runner.run(file.program);
      tried.steps = std::max(tried.steps, runner.steps());
      tried.ends.insert(result.digest);
      if (result.verdict) report(path, runner, result);
      tried.found = result.verdict.has_value();
    }
    found_ = found_ || tried.found;
    runs_ += tried.runs;
    if (options_.json)
      say({{"runs", runs_}});
    else
      print(path, file.program, tried);
  }
  /// All files were tried: other schedules from now on.
  void next_turn() { ++turns_; }

 private:
  using Clock = std::chrono::steady_clock;

  /// With its switches written out, so that it needs no schedule to be seen again.
  void report(const std::string& path, Runner& runner, const RunResult& result) const {
    const std::string stem = std::filesystem::path(path).stem().string();
    const std::filesystem::path to =
        std::filesystem::path(options_.save) / fmt::format("{}-schedule.txt", stem);
    const std::string error = engine::save_file(to.string(), recorded_text(runner, result));
    if (!error.empty()) throw SetupError(error);
    if (options_.json)
      return say({{"kind", inject::to_string(result.verdict->kind)}, {"file", to.string()}});
    const program::Program recorded = runner.recorded();
    runner.schedule_by({});
    fmt::print("{}  replay    ./anyctx replay {}\n", engine::tell_story(runner, recorded),
               to.string());
  }

  static void say(const nlohmann::json& line) {
    fmt::print("{}\n", line.dump());
    std::fflush(stdout);
  }

  void print(const std::string& path, const program::Program& program, const Tried& tried) const {
    const unsigned tasks = tasks_of(program);
    const double one =
        1 / (tasks * std::pow(std::max(tried.steps, 1u), static_cast<double>(options_.depth) - 1));
    const double all = -std::expm1(tried.runs * std::log1p(-std::min(one, 1 - 1e-12)));
    fmt::print("{}: n={} tasks, k={} steps, d={}: a chance of {:.3g} in a run\n", path, tasks,
               tried.steps, options_.depth, one);
    fmt::print(
        "  {} runs, {} different ones; a bug of that depth shows in them with a chance of at "
        "least {:.3g}\n",
        tried.runs, tried.ends.size(), all);
    std::fflush(stdout);
  }

  const ScheduleOptions& options_;
  Clock::time_point end_ = Clock::now() + std::chrono::seconds(options_.seconds);
  std::uint64_t turns_ = 0;
  std::uint64_t runs_ = 0;
  bool found_ = false;
};

}  // namespace

int try_schedules(std::span<const engine::Target> targets, const ScheduleOptions& options) {
  Schedules schedules(options);
  do {
    for (const std::string& path : options.files) {
      if (schedules.is_over()) break;
      schedules.try_file(path, engine::load_program(targets, path, {}));
    }
    schedules.next_turn();
  } while (options.seconds != 0 && !schedules.is_over());
  return schedules.found() ? engine::kExitBug : engine::kExitClean;
}

}  // namespace anyctx::run
