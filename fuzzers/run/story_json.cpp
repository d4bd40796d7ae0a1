#include "fuzzers/run/story_json.h"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "fuzzers/engine/program_file.h"
#include "fuzzers/engine/recording.h"
#include "fuzzers/engine/runner.h"
#include "fuzzers/engine/setup_error.h"
#include "fuzzers/engine/steps.h"
#include "fuzzers/engine/story.h"
#include "fuzzers/engine/verdict_meaning.h"
#include "fuzzers/ops/text.h"
#include "fuzzers/run/verdict_json.h"

namespace anyctx::run {
namespace {

using engine::ProgramFile;
using engine::Runner;
using engine::RunResult;
using engine::Step;

using nlohmann::json;

json describe(const Step& step) {
  json description = {{"kind", engine::to_string(step.event.kind)},
                      {"cpu", step.event.cpu},
                      {"depth", step.event.depth},
                      {"context", machine::to_string(step.event.context)},
                      {"lane", step.lane},
                      {"where", program::to_text(step.event.where)},
                      {"value", step.event.value},
                      {"text", step.text}};
  if (step.number != 0) description["n"] = step.number;
  if (step.event.kind == inject::EventKind::op_end) {
    const engine::Result ended = engine::result_of(step.event.value);
    description["outcome"] = ended.outcome;
    description["result"] = ended.value;
    description["errno"] = ended.error;
  }
  if (step.event.kind == inject::EventKind::decision)
    description["action"] = program::to_text(step.event.action);
  if (!step.point.empty()) {
    description["point"] = step.point;
    description["occurrence"] = step.event.occurrence;
  }
  return description;
}

json describe(const std::vector<inject::CodeStack>& stacks) {
  json description = json::array();
  for (const inject::CodeStack& stack : stacks) {
    json places = json::array();
    for (const inject::CodePlace& place : stack.places) {
      places.push_back({{"file", place.file}, {"line", place.line}, {"function", place.function}});
    }
    description.push_back({{"what", stack.what}, {"places", std::move(places)}});
  }
  return description;
}

json describe(Runner& runner, const ProgramFile& file, const RunResult& result) {
  const program::Schema& schema = *file.target->schema;
  json steps = json::array();
  const std::vector<inject::Event> events = engine::told_events(runner, result);
  for (const Step& step : engine::tell_steps(schema, file.program, events)) {
    steps.push_back(describe(step));
  }
  const auto& verdict = result.verdict;
  return {{"target", schema.target},
          {"digest", fmt::format("{:016x}", result.digest)},
          {"program", program::to_text(schema, file.program)},
          {"verdict", verdict ? to_json(schema, file.program, *verdict) : json()},
          {"meaning", verdict ? engine::meaning(verdict->kind) : ""},
          {"cpus", runner.simulation().config().cpus},
          {"steps", std::move(steps)},
          {"stacks", describe(runner.stacks())}};
}

void print(const json& document) {
  const std::string text = document.dump() + "\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace

int print_story(std::span<const engine::Target> targets, const StoryOptions& options) {
  const ProgramFile file = engine::load_program(targets, options.file, options.raw_target);
  Runner runner(*file.target);
  RunResult result;
  {
    const engine::LastWill will([&] { print(describe(runner, file, {})); });
    result = runner.run(file.program, inject::Recording::events);
  }
  print(describe(runner, file, result));
  return result.verdict ? engine::kExitBug : engine::kExitClean;
}

}  // namespace anyctx::run
