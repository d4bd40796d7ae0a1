#include "triage/export/kunit_calls.h"

#include <fmt/format.h>

#include <algorithm>

namespace anyctx::triage {
namespace {

std::string_view why_not(const ScenarioDecision& decision) {
  const std::string& outcome = decision.outcome;
  if (outcome.starts_with("fail")) return "nothing outside makes it fail";
  if (outcome.starts_with("run ") || outcome.starts_with("migrate "))
    return "a test does not schedule within a call";
  if (outcome == "stall" || outcome.starts_with("delay ")) return "a test does not stop a CPU";
  return "a test does not interrupt a call";
}

void add_obstacles(const ScenarioStep& step, std::vector<std::string>& reasons) {
  if (step.is_work()) {
    // Work that runs by itself is what a kernel does, too.
    if (step.decisions.empty()) return;
  } else if (step.lane != "task0") {
    reasons.push_back(fmt::format("{} ({}): in {} context, and not of the test's task", step.where,
                                  step.text, step.context));
  }
  for (const ScenarioDecision& decision : step.decisions) {
    reasons.push_back(fmt::format("{} {}#{}: {}: {}", step.where, decision.point,
                                  decision.occurrence, decision.outcome, why_not(decision)));
  }
  const auto takes =
      std::ranges::any_of(step.args, [](const NamedValue& arg) { return arg.is_slot; });
  if (takes && !step.takes && !did_nothing(step))
    reasons.push_back(fmt::format("{} ({}): what it takes is not told", step.where, step.text));
}

}  // namespace

std::vector<std::string> obstacles(const Scenario& scenario) {
  std::vector<std::string> reasons;
  for (const ScenarioStep& step : scenario.steps) add_obstacles(step, reasons);
  return reasons;
}

std::string blindness(const Scenario& scenario, std::span<const std::string_view> rules) {
  if (!scenario.verdict || std::ranges::find(rules, scenario.verdict->rule) != rules.end())
    return {};
  return fmt::format("the verdict '{}: {}': calls and their results do not show it",
                     scenario.verdict->kind, scenario.verdict->rule);
}

bool did_nothing(const ScenarioStep& step) {
  return step.result && step.result->outcome == "nothing to do";
}

}  // namespace anyctx::triage
