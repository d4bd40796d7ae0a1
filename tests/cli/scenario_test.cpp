// Scenarios: what a run's story says, as data.
#include "triage/export/scenario.h"

#include "fuzzers/run/verdict_json.h"
#include "tests/cli/tool_bed.h"
#include "tests/unit/ops_schema.h"
#include "triage/minimize/schema_copy.h"

namespace anyctx::triage {
namespace {

using nlohmann::json;

class ScenarioOfARun : public ToolBed {
 protected:
  Scenario run(const std::string& program) {
    const std::string file = write("program", program);
    const auto tell = [&](const Words& words) {
      Command command{{runner()}, {}};
      for (const std::string& word : words) command.with(word);
      return json::parse(capture(command).output);
    };
    const json story = tell({"story", "--", file});
    const SchemaCopy schema(tell({"schema", story.at("target")}));
    return scenario_of(story, schema.schema());
  }
};

TEST_F(ScenarioOfARun, HandlersAreWithinWhatTheyInterrupted) {
  const Scenario scenario =
      run("anyctx 1 target=verdict cpus=2\n"
          "task0: act()\n       rest()\n"
          "task1: act()\n"
          "nmi0:  rest()\n       act()\n"
          "at task0.0 op.begin#1: nmi0\n"
          "at task0.0 tiny.limit#1: run task1\n"
          "at task1.0 tiny.limit#1: fail\n"
          "at task0.0 op.end#1: nmi0\n"
          "at nmi0/1.1 tiny.limit#1: fail\n");
  std::vector<std::string> order;
  for (const ScenarioStep& step : scenario.steps) order.push_back(step.where);
  EXPECT_THAT(order, ::testing::ElementsAre("task0.0", "nmi0.0", "nmi0.1", "task1.0", "nmi0/1.0",
                                            "nmi0/1.1"));
  const auto& steps = scenario.steps;
  EXPECT_EQ(steps[0].operation, "act");
  EXPECT_EQ(steps[0].within, std::nullopt);
  EXPECT_EQ(steps[0].result, std::nullopt);  // the verdict came first
  EXPECT_EQ(steps[1].result->outcome, "nothing to do");
  EXPECT_EQ(steps[3].result->outcome, "failed");
  EXPECT_EQ(steps[3].result->value, 1);
  for (const std::size_t i : {1, 2, 4, 5}) {
    EXPECT_EQ(steps[i].within, 0u);
    EXPECT_EQ(steps[i].lane, "nmi0");
    EXPECT_EQ(steps[i].context, "nmi");
    EXPECT_EQ(steps[i].entered_at, i < 3 ? "op.begin" : "op.end");
    EXPECT_TRUE(is_nested(scenario, i, 0));
    EXPECT_EQ(has_company(scenario, i), false) << steps[i].where;
  }
  EXPECT_EQ(steps[3].within, std::nullopt);
  EXPECT_TRUE(has_company(scenario, 3));
  EXPECT_TRUE(has_company(scenario, 0));
  ASSERT_EQ(steps[3].decisions.size(), 1u);
  EXPECT_EQ(steps[3].decisions[0].point, "tiny.limit");
  EXPECT_EQ(steps[3].decisions[0].occurrence, 1u);
  EXPECT_EQ(steps[3].decisions[0].outcome, "fail");
  EXPECT_EQ(steps[0].decisions[1].outcome, "run task1");
  ASSERT_TRUE(scenario.verdict);
  EXPECT_EQ(scenario.verdict->kind, "spurious-failure");
  EXPECT_EQ(scenario.verdict->step, 5u);
  EXPECT_EQ(scenario.param("cpus").value, 2u);
}

TEST_F(ScenarioOfARun, WithoutAVerdictEveryStepEnds) {
  const Scenario scenario = run(kCleanProgram);
  EXPECT_FALSE(scenario.verdict);
  ASSERT_EQ(scenario.steps.size(), 2u);
  EXPECT_EQ(scenario.steps[1].result->outcome, "done");
  EXPECT_LT(scenario.steps[0].end, scenario.steps[1].begin);
  EXPECT_FALSE(has_company(scenario, 1));
}

/// Of the story of a program of one task, all of whose operations are done.
Scenario told(const std::string& program, std::size_t operations) {
  json steps = json::array();
  for (std::size_t i = 0; i < operations; ++i) {
    json step = {{"kind", "begin"},
                 {"cpu", 0},
                 {"depth", 1},
                 {"context", "task"},
                 {"where", "task0." + std::to_string(i)}};
    steps.push_back(step);
    step["kind"] = "end";
    step.update({{"outcome", "done"}, {"result", 96}, {"errno", ""}});
    steps.push_back(step);
  }
  const json story = {
      {"target", "demo"}, {"program", program}, {"verdict", nullptr}, {"steps", steps}};
  const SchemaCopy schema(run::to_json(program::demo::kSchema));
  return scenario_of(story, schema.schema());
}

TEST(Scenario, ArgumentsHaveNames) {
  const Scenario scenario =
      told("anyctx 1 target=demo\ntask0: a = alloc(96, zero|high, node=2)\n", 1);
  const ScenarioStep& step = scenario.steps.at(0);
  EXPECT_EQ(step.slot, "a");
  EXPECT_EQ(step.text, "a = alloc(96, zero|high, node=2)");
  EXPECT_EQ(step.arg("size").value, 96u);
  EXPECT_EQ(step.arg("flags").text, "zero|high");
  EXPECT_EQ(step.arg("node").text, "2");
  EXPECT_THROW(static_cast<void>(step.arg("nodes")), std::out_of_range);
}

TEST(Scenario, WhatIsTakenIsTheLastInItsSlot) {
  const Scenario scenario = told(
      "anyctx 1 target=demo\ntask0: a = alloc(1)\n       b = alloc(2)\n       a = alloc(3)\n"
      "       free(a)\n       free(a)\n       free(a)\n       free(b)\n",
      7);
  EXPECT_EQ(scenario.steps.at(3).takes, 2u);
  EXPECT_EQ(scenario.steps.at(4).takes, 0u);
  EXPECT_EQ(scenario.steps.at(5).takes, std::nullopt);
  EXPECT_EQ(scenario.steps.at(6).takes, 1u);
  EXPECT_TRUE(scenario.steps.at(3).arg("object").is_slot);
}

}  // namespace
}  // namespace anyctx::triage
