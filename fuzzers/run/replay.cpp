#include "fuzzers/run/replay.h"

#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "fuzzers/engine/program_file.h"
#include "fuzzers/engine/recording.h"
#include "fuzzers/engine/runner.h"
#include "fuzzers/engine/saved_file.h"
#include "fuzzers/engine/setup_error.h"
#include "fuzzers/engine/story.h"
#include "fuzzers/engine/time_limit.h"
#include "fuzzers/run/verdict_json.h"

namespace anyctx::run {
namespace {

using engine::headline;
using engine::kExitBug;
using engine::kExitClean;
using engine::LastWill;
using engine::load_program;
using engine::ProgramFile;
using engine::recorded_text;
using engine::Runner;
using engine::RunResult;
using engine::save_file;
using engine::SetupError;
using engine::Target;
using engine::tell_story;
using engine::tell_trace;
using engine::TimeLimit;

using nlohmann::json;
using program::Program;

bool same(const RunResult& left, const RunResult& right) {
  const auto text = [](const RunResult& result) {
    if (!result.verdict) return std::string();
    return headline(*result.verdict) + result.verdict->expected + result.verdict->found;
  };
  return left.digest == right.digest && text(left) == text(right);
}

json compared_json(const RunResult& result) {
  if (!result.compared) return {};
  const engine::CompareCount& count = result.compared->count;
  const auto& cut = result.compared->cut;
  return {{"operations", count.compared},
          {"exempt", count.exempt},
          {"rest", count.rest},
          {"cut", cut ? json(engine::name_of(*cut)) : json()}};
}

/// How much the silence about other answers is worth.
std::string compared_text(const engine::Compared& compared) {
  const engine::CompareCount& count = compared.count;
  std::string text = fmt::format("compared with ours: {} of {} operations", count.compared,
                                 count.compared + count.exempt + count.rest);
  if (count.exempt != 0) text += fmt::format(", {} in part or not, as agreed", count.exempt);
  if (compared.cut) text += fmt::format("; then {}", engine::to_string(*compared.cut));
  return text;
}

/// One file, replayed.
struct Replayed {
  RunResult result;
  unsigned identical = 0;
  std::string story;  // empty without a verdict
  std::string trace;
};

class Replay {
 public:
  Replay(std::span<const Target> targets, const ReplayOptions& options)
      : targets_(targets), options_(options) {}

  int run() {
    int exit_code = kExitClean;
    for (const std::string& path : options_.files) {
      const ProgramFile file = load_program(targets_, path, options_.raw_target);
      const Replayed replayed = run_file(path, file);
      if (replayed.result.verdict || replayed.identical != options_.repeat) exit_code = kExitBug;
      if (options_.json)
        files_.push_back(describe(path, file, replayed));
      else
        print(path, replayed);
    }
    if (options_.json) fmt::print("{}\n", json{{"files", files_}, {"exit", exit_code}}.dump());
    return exit_code;
  }

 private:
  Runner& runner_of(const Target& target) {
    std::unique_ptr<Runner>& runner = runners_[target.name()];
    if (!runner) runner = std::make_unique<Runner>(target);
    return *runner;
  }

  Replayed run_file(const std::string& path, const ProgramFile& file) {
    Runner& runner = runner_of(*file.target);
    const TimeLimit limit(options_.timeout, path);
    Replayed replayed;
    replayed.result = run_first(runner, file.program);
    for (unsigned i = 0; i < options_.repeat; ++i) {
      if (i == 0 || same(runner.run(file.program), replayed.result)) ++replayed.identical;
    }
    if (options_.trace) replayed.trace = tell_trace(runner, file.program);
    if (replayed.result.verdict) replayed.story = tell_story(runner, file.program);
    return replayed;
  }

  RunResult run_first(Runner& runner, const Program& program) {
    if (options_.record.empty()) return runner.run(program);
    const LastWill will(runner, options_.record);
    const RunResult result = runner.run(program);
    const std::string error = save_file(options_.record, recorded_text(runner, result));
    if (!error.empty()) throw SetupError(error);
    return result;
  }

  json describe(const std::string& path, const ProgramFile& file, const Replayed& replayed) {
    const auto& verdict = replayed.result.verdict;
    return {{"file", path},
            {"target", file.target->name()},
            {"digest", fmt::format("{:016x}", replayed.result.digest)},
            {"runs", options_.repeat},
            {"identical", replayed.identical},
            {"verdict", verdict ? to_json(*file.target->schema, file.program, *verdict) : json()},
            {"compared", compared_json(replayed.result)},
            {"story", replayed.story}};
  }

  void print(const std::string& path, const Replayed& replayed) const {
    fmt::print("{}{}", replayed.trace, replayed.story);
    if (!replayed.story.empty()) fmt::print("  replay    {} {}\n", options_.command, path);
    if (replayed.result.compared) fmt::print("{}\n", compared_text(*replayed.result.compared));
    if (options_.repeat == 1) {
      fmt::print("digest {:016x}  {}\n", replayed.result.digest, path);
    } else {
      fmt::print("{}/{} identical digests  {:016x}  {}\n", replayed.identical, options_.repeat,
                 replayed.result.digest, path);
    }
    std::fflush(stdout);  // a later file may end the process
  }

  std::span<const Target> targets_;
  const ReplayOptions& options_;
  std::map<std::string_view, std::unique_ptr<Runner>> runners_;
  json files_ = json::array();
};

}  // namespace

int replay(std::span<const Target> targets, const ReplayOptions& options) {
  return Replay(targets, options).run();
}

}  // namespace anyctx::run
