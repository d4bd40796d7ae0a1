// KUnit tests of a kernel's object pools: calls of one task. On which CPU it runs does not matter:
// a pop looks at the rings of all.
#include <fmt/format.h>

#include <array>

#include "triage/export/kunit_calls.h"
#include "triage/export/kunit_objpool_code.h"
#include "triage/export/kunit_test.h"

namespace anyctx::triage {
namespace {

constexpr std::uint32_t kMostCount = 1 << 24;  // above, they are not valid
constexpr std::uint32_t kMostSize = 1 << 16;
constexpr std::uint32_t kMostObjects = 64;  // valid ones are kept small, as the target does
constexpr std::uint32_t kLargestObject = 256;

/// What the test checks.
constexpr std::array<std::string_view, 10> kRulesOfPools = {
    "a pool does not change its objects",
    "a pool prepares as many objects as it has",
    "objects of a pool do not overlap",
    "a pool is made if its numbers are valid, there is memory and its objects agree",
    "the last object that is dropped frees its pool",
    "what is popped is an object of the pool",
    "an object is popped by one user at a time",
    "a pop fails only if others took everything meanwhile",
    "a push cannot fail",
    "an object belongs to whoever popped it"};

std::int32_t small(std::uint32_t value, std::uint32_t valid, std::uint32_t most) {
  return static_cast<std::int32_t>(value - 1 < valid ? std::min(value, most) : value);
}

std::string call_of_pool(const ScenarioStep& step, std::size_t index) {
  if (step.operation == "pop") return fmt::format("objects[{}] = pop(test);", index);
  if (step.operation == "push") return fmt::format("push(test, objects[{}]);", *step.takes);
  if (step.operation == "churn") {
    return fmt::format("churn(test, {}, {});", step.arg("count").value,
                       step.arg("reverse").value != 0);
  }
  return fmt::format(
      "recreate(test, {}, {}, {});", small(step.arg("count").value, kMostCount, kMostObjects),
      small(step.arg("size").value, kMostSize, kLargestObject), step.arg("refused").value);
}

KunitTest write_objpool(const Scenario& scenario, const std::string&) {
  KunitTest test;
  test.reasons = obstacles(scenario);
  if (std::string blind = blindness(scenario, kRulesOfPools); !blind.empty())
    test.reasons.push_back(std::move(blind));
  for (const ScenarioStep& step : scenario.steps) {
    if (step.decisions.empty() && !step.failures.empty()) {
      test.reasons.push_back(fmt::format("{} ({}): {} failed, which a test does not bring about",
                                         step.where, step.text, step.failures.back().point));
    }
  }
  if (!test.reasons.empty()) return test;
  std::string calls;
  bool keeps = false;
  for (std::size_t i = 0; i < scenario.steps.size(); ++i) {
    const ScenarioStep& step = scenario.steps[i];
    if (step.is_work() || did_nothing(step)) continue;
    keeps = keeps || !step.slot.empty();
    calls += fmt::format("\t{}\t/* {}: {} */\n", call_of_pool(step, i), step.where, step.text);
  }
  test.code = std::string(kObjpoolModel) + "\nstatic void as_it_was_found(struct kunit *test)\n{\n";
  if (keeps) test.code += fmt::format("\tvoid *objects[{}];\n\n", scenario.steps.size());
  test.code += fmt::format("\tcreate(test, {}, {}, 0);\n{}}}\n", scenario.param("count").value,
                           scenario.param("size").value, calls);
  test.cases = {"as_it_was_found"};
  test.init = "scenario_init";
  test.exit = "scenario_exit";
  return test;
}

}  // namespace

const KunitTarget kKunitObjpool = {"objpool", "lib/objpool.c", "lib/tests", "", write_objpool};

}  // namespace anyctx::triage
