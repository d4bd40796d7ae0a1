#include "triage/export/scenario.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "fuzzers/ops/arg_text.h"
#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/text.h"

namespace anyctx::triage {
namespace {

using nlohmann::json;
using program::Schema;

constexpr unsigned kNotEnded = ~0u;

std::vector<NamedValue> values_of_params(const Schema& schema, const program::Program& program) {
  std::vector<NamedValue> params;
  for (std::size_t i = 0; i < schema.params.size(); ++i) {
    const program::ParamSpec& spec = schema.params[i];
    const std::uint32_t value = program.params[i];
    params.push_back({std::string(spec.name), value, program::value_text(spec, value), false});
  }
  return params;
}

const NamedValue& find_value(const std::vector<NamedValue>& values, std::string_view name) {
  const auto found = std::ranges::find(values, name, &NamedValue::name);
  if (found == values.end()) throw std::out_of_range("no value " + std::string(name));
  return *found;
}

/// Reads events in their order. A step is open from its begin to its end.
class Reader {
 public:
  Reader(const Schema& schema, const program::Program& program)
      : schema_(schema), program_(program) {}

  void read(const json& event) {
    const std::string kind = event.at("kind");
    if (kind == "begin" || kind == "work") begin(event);
    ++time_;
    const auto open = open_.find(event.at("where"));
    if (open == open_.end()) return;  // while setting up
    ScenarioStep& step = steps_[open->second.index];
    step.cpu = event.at("cpu");
    const unsigned now = open->second.last = time_ - 1;
    if (kind == "decision") {
      step.decisions.push_back(
          {event.at("point"), event.at("occurrence"), event.at("action"), now});
    } else if (kind == "fail") {
      step.failures.push_back({event.at("point"), now});
    } else if (kind == "lock") {
      step.locks.push_back({event.at("point"), now});
    } else if (kind == "end" || kind == "work end") {
      step.end = now;
      if (kind == "end")
        end(open->second.index, {event.at("outcome"), event.at("result"), event.at("errno")});
      open_.erase(open);
    }
  }

  std::optional<std::size_t> step_at(const std::string& where) const {
    const auto last = std::find_if(steps_.rbegin(), steps_.rend(),
                                   [&](const ScenarioStep& step) { return step.where == where; });
    if (last == steps_.rend()) return std::nullopt;
    return static_cast<std::size_t>(steps_.rend() - last) - 1;
  }

  std::vector<ScenarioStep> steps() { return std::move(steps_); }

 private:
  struct OpenStep {
    std::size_t index = 0;  // of the step
    unsigned last = 0;      // when something happened in it
  };

  void begin(const json& event) {
    ScenarioStep step;
    step.where = event.at("where");
    step.lane = step.where.substr(0, step.where.find_first_of("./"));
    step.context = event.at("context");
    step.cpu = event.at("cpu");
    step.depth = event.at("depth");
    step.begin = time_;
    step.end = kNotEnded;
    if (event.at("kind") == "begin") describe(step);
    step.within = interrupted(step);
    if (step.within) {
      for (const ScenarioDecision& decision : steps_[*step.within].decisions)
        if (decision.outcome == step.lane) step.entered_at = decision.point;
    }
    open_[step.where] = {steps_.size(), time_};
    steps_.push_back(std::move(step));
  }

  /// The open step below on the same CPU: the deepest one, where something happened last.
  std::optional<std::size_t> interrupted(const ScenarioStep& step) const {
    std::optional<OpenStep> found;
    const auto depth = [&](const OpenStep& open) { return steps_[open.index].depth; };
    for (const auto& [where, open] : open_) {
      if (steps_[open.index].cpu != step.cpu || depth(open) >= step.depth) continue;
      if (!found || std::pair(depth(open), open.last) > std::pair(depth(*found), found->last))
        found = open;
    }
    return found ? std::optional(found->index) : std::nullopt;
  }

  void end(std::size_t index, ScenarioResult result) {
    ScenarioStep& step = steps_[index];
    if (!step.slot.empty() && result.outcome == "done") kept_.push_back(index);
    step.result = std::move(result);
  }

  /// A slot is a stack; some operations take the results of some others only.
  std::optional<std::size_t> take(const program::ArgSpec& arg, std::uint32_t slot) {
    const auto fits = [&](std::size_t index) {
      const ScenarioStep& other = steps_[index];
      const auto is_it = [&](std::uint32_t code) {
        return schema_.ops[code].name == other.operation;
      };
      return other.slot == program::value_text(arg, slot) &&
             (arg.values.empty() || std::ranges::any_of(arg.values, is_it));
    };
    const auto found = std::find_if(kept_.rbegin(), kept_.rend(), fits);
    if (found == kept_.rend()) return std::nullopt;
    const std::size_t index = *found;
    kept_.erase(std::next(found).base());
    return index;
  }

  void describe(ScenarioStep& step) {
    const auto lane = program::lane_of_name(step.lane);
    const program::LaneOps* const ops = lane ? program::find_lane(program_, *lane) : nullptr;
    const std::size_t index = std::stoul(step.where.substr(step.where.rfind('.') + 1));
    if (ops == nullptr || index >= ops->ops.size())
      throw std::out_of_range("no operation " + step.where);
    const program::Op& op = ops->ops[index];
    const program::OpSpec& spec = schema_.ops[op.code];
    step.operation = spec.name;
    step.text = program::to_text(schema_, op);
    if (spec.has_result) step.slot = std::string(1, static_cast<char>('a' + op.result));
    for (std::size_t i = 0; i < spec.args.size(); ++i) {
      if (spec.args[i].kind == program::ArgKind::slot) step.takes = take(spec.args[i], op.args[i]);
      step.args.push_back({std::string(spec.args[i].name), op.args[i],
                           program::value_text(spec.args[i], op.args[i]),
                           spec.args[i].kind == program::ArgKind::slot});
    }
  }

  const Schema& schema_;
  const program::Program& program_;
  std::vector<ScenarioStep> steps_;
  std::map<std::string, OpenStep> open_;  // by where
  std::vector<std::size_t> kept_;         // steps with a result that nobody took
  unsigned time_ = 0;
};

}  // namespace

const NamedValue& ScenarioStep::arg(std::string_view name) const {
  return find_value(args, name);
}

const NamedValue& Scenario::param(std::string_view name) const {
  return find_value(params, name);
}

Scenario scenario_of(const json& story, const Schema& schema) {
  const program::ParsedText parsed =
      program::parse_text(schema, story.at("program").get<std::string>());
  if (!parsed.program) throw std::invalid_argument(program::to_string(parsed.error));
  Reader reader(schema, *parsed.program);
  for (const json& event : story.at("steps")) reader.read(event);
  Scenario scenario;
  scenario.target = story.at("target");
  scenario.params = values_of_params(schema, *parsed.program);
  const json& verdict = story.at("verdict");
  if (!verdict.is_null()) {
    scenario.verdict = {verdict.at("kind"), verdict.at("rule"), verdict.at("expected"),
                        verdict.at("found"), reader.step_at(verdict.at("where"))};
  }
  scenario.steps = reader.steps();
  return scenario;
}

bool is_nested(const Scenario& scenario, std::size_t inner, std::size_t outer) {
  std::optional<std::size_t> at = scenario.steps[inner].within;
  while (at && *at != outer) at = scenario.steps[*at].within;
  return at.has_value();
}

bool has_company(const Scenario& scenario, std::size_t step) {
  const ScenarioStep& one = scenario.steps[step];
  for (std::size_t i = 0; i < scenario.steps.size(); ++i) {
    const ScenarioStep& other = scenario.steps[i];
    if (i == step || other.begin > one.end || other.end < one.begin) continue;
    if (!is_nested(scenario, i, step) && !is_nested(scenario, step, i)) return true;
  }
  return false;
}

}  // namespace anyctx::triage
