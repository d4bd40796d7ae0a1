// What a sweep tries: surveys, nested operations, plans, the runs of one unit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fuzzers/ops/text.h"
#include "fuzzers/sweep/small_scope.h"
#include "fuzzers/sweep/sweeper.h"
#include "inject/sim/sim_machine.h"
#include "tests/cli/tiny_targets.h"
#include "tests/unit/ops_schema.h"

namespace anyctx::sweep {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;

const engine::Target& clean() {
  return tiny::targets()[0];
}

program::Program parse(const program::Schema& schema, const std::string& text) {
  const program::ParsedText parsed = program::parse_text(schema, text);
  EXPECT_TRUE(parsed.program) << to_string(parsed.error);
  return *parsed.program;
}

constexpr engine::NestedOps kTinyNested[] = {
    {"act", "act()"},
    {"twice", "act()\n act()"},
    {"never", "act({size})"},  // nothing here has a size
};
constexpr std::string_view kTinyScope[] = {"act()", "rest()"};
constexpr engine::SweepTables kTinySweep = {kTinyNested, "", kTinyScope};

engine::Target with_tables() {
  engine::Target target = clean();
  target.sweep = &kTinySweep;
  return target;
}

TEST(Survey, PlacesAreVisitsWithWhatIsLegalThere) {
  engine::Runner runner(clean());
  const Survey seen = survey(
      runner, parse(*clean().schema, "anyctx 1 target=clean\ntask0: act()\ntask1: rest()\n"), 0);
  std::vector<std::string> places;
  for (const Place& place : seen.places)
    places.push_back(std::to_string(place.where.lane.index) + (place.choices.fail ? " fails" : "") +
                     (place.choices.tasks != 0 ? " other" : ""));
  EXPECT_THAT(places, ElementsAre("0 other", "0 fails other", "0 other", "1", "1"));
}

TEST(Survey, AfterADecisionComesWhatFollowsIt) {
  engine::Runner runner(clean());
  const program::Program program = parse(*clean().schema,
                                         "anyctx 1 target=clean\ntask0: act()\nnmi0: act()\n"
                                         "at task0.0 tiny.limit#1: nmi0\n");
  // The visit itself, three in the handler, one after it.
  EXPECT_EQ(survey(runner, program, 0, program.decisions[0]).places.size(), 5u);
  EXPECT_EQ(survey(runner, program, 0).places.size(), 6u);
}

TEST(NestedLibrary, BracesArePutIn) {
  const program::Schema& schema = program::demo::kSchema;
  const program::Program program = parse(schema,
                                         "anyctx 1 target=demo\n"
                                         "task0: a = alloc(96)\n"
                                         "       b = alloc(192)\n"
                                         "       free(b)\n"
                                         "       shrink()\n");
  const auto put = [&](std::string_view text, std::uint8_t op) {
    return put_in(schema, text, program, {{inject::LaneKind::task, 0}, op, 0});
  };
  EXPECT_THAT(put("{1} = alloc({size})\nfree({1})", 0),
              Optional(std::string("c = alloc(96)\nfree(c)")));
  EXPECT_THAT(put("{2} = alloc({size*2})", 1), Optional(std::string("d = alloc(384)")));
  EXPECT_THAT(put("alloc({size})", 3), Optional(std::string("alloc(192)")));  // the nearest one
  EXPECT_THAT(put("tune(cache{cache:7})", 0), Optional(std::string("tune(cache7)")));
  EXPECT_EQ(put("tune(cache{cache})", 0), std::nullopt);
  EXPECT_EQ(put("free({result})", 0), std::nullopt);  // there is none yet
  EXPECT_THAT(put("free({result})", 1), Optional(std::string("free(a)")));
  EXPECT_THAT(put("free({result})", 3), Optional(std::string("free(a)")));  // b is gone
}

TEST(Plan, NestedOperationsRunInFreeHandlers) {
  const engine::Target target = with_tables();
  Sweeper sweeper(target, {.faults = false, .preempt = false});
  const Plan plan = sweeper.plan(parse(*target.schema, "anyctx 1 target=clean\ntask0: act()\n"));
  // Two lists, as NMI and as re-entry, at three points.
  EXPECT_EQ(plan.units.size(), 12u);
  EXPECT_EQ(plan.variants.size(), 5u);
  EXPECT_EQ(plan.left_out.no_lane, 0u);
  EXPECT_EQ(plan.left_out.nothing_to_act_on, 2u);
  for (const Unit& unit : plan.units) {
    const program::Program program = plan.program(unit);
    EXPECT_EQ(parse(*target.schema, program::to_text(*target.schema, program)), program);
  }
}

TEST(Plan, HandlersThatTheProgramEntersStay) {
  const engine::Target target = with_tables();
  Sweeper sweeper(target, {.faults = false, .preempt = false});
  const Plan plan = sweeper.plan(parse(*target.schema,
                                       "anyctx 1 target=clean\ntask0: act()\n"
                                       "nmi0: act()\nnmi1: rest()\nnmi2: rest()\n"
                                       "at task0.0 op.begin#1: nmi0\nat task0.0 op.end#1: nmi1\n"
                                       "at task0.0 op.end#1: nmi2\n"));
  EXPECT_GT(plan.left_out.no_lane, 0u);
  for (const program::Program& variant : plan.variants) {
    EXPECT_EQ(variant.lanes[1], plan.variants[0].lanes[1]);
    EXPECT_EQ(variant.lanes[2], plan.variants[0].lanes[2]);
  }
}

TEST(Sweeper, EveryUnitTakesItsDecision) {
  const engine::Target target = with_tables();
  Sweeper sweeper(target, {.depth = 2, .pairs = 1'000'000});
  const Plan plan = sweeper.plan(
      parse(*target.schema, "anyctx 1 target=clean cpus=2\ntask0: act()\ntask1: act()\n"));
  Batch batch;
  std::size_t asked = 0;
  sweeper.run(plan, 0, plan.units.size(), batch, [&](std::size_t, std::size_t, const auto&) {
    ++asked;
    return true;
  });
  EXPECT_TRUE(batch.hits.empty());
  EXPECT_EQ(batch.tally.runs, asked);
  std::uint64_t visited = 0;
  for (const Tally::Count& count : batch.tally.by_category) {
    EXPECT_EQ(count.not_taken, 0u);
    visited += count.visited;
  }
  EXPECT_EQ(visited + batch.tally.pairs.visited, asked);
  EXPECT_EQ(batch.tally.pairs.visited, batch.tally.pairs_possible);
  EXPECT_EQ(batch.tally.pairs.not_taken, 0u);
}

TEST(Sweeper, RunsCanBeLeftOut) {
  Sweeper sweeper(clean(), {});
  const Plan plan = sweeper.plan(parse(*clean().schema, "anyctx 1 target=clean\ntask0: act()\n"));
  Batch batch;
  sweeper.run(plan, 0, plan.units.size(), batch,
              [](std::size_t unit, std::size_t, const auto&) { return unit != 0; });
  Batch all;
  sweeper.run(plan, 0, plan.units.size(), all);
  EXPECT_LT(batch.tally.runs, all.tally.runs);
}

/// An operation that holds something for a moment, and a nolock one that looks for it, again and
/// again but not for ever, while it is held.
constexpr unsigned kLooks = 100;
constexpr machine::Site kLook{228};
constexpr machine::SiteInfo kLookTable[] = {{kLook, machine::SiteKind::probe, "patient.look",
                                             machine::verbs(machine::Verb::probe), "nothing"}};
constexpr std::span<const machine::SiteInfo> kLookTables[] = {machine::kOperationTable, kLookTable};

class Patient final : public engine::World {
 public:
  void setup(const program::Program&) override { held_ = false; }
  void finish() override {}
  engine::Outcome perform(const program::Op& op, inject::Lane) override {
    held_ = held_ || op.code == 0;
    const unsigned looks = op.code == 0 || !held_ ? 1 : kLooks;
    for (unsigned i = 0; i < looks; ++i) inject::Sim::probe(kLook);
    if (op.code == 0) held_ = false;
    return {};
  }

 private:
  bool held_ = false;
};

template <std::uint32_t most_steps>
engine::Target patient() {
  static constexpr program::OpSpec ops[] = {
      {"hold", program::kTaskOnly}, {"look", program::kAnyContext, true, false, {}, 1, most_steps}};
  static constexpr program::Schema schema = {"patient", 211, {}, ops, kLookTables};
  static constexpr engine::NestedOps nested[] = {{"look", "look()"}};
  static constexpr engine::SweepTables tables = {nested, "", {}};
  return {&schema, "", 64 << 10,
          [](inject::Simulation&) -> std::unique_ptr<engine::World> {
            return std::make_unique<Patient>();
          },
          &tables};
}

Batch freeze(const engine::Target& target, const std::string& program) {
  Sweeper sweeper(target, {.faults = false, .nmi = false, .preempt = false, .freeze = true});
  const Plan plan = sweeper.plan(parse(*target.schema, program));
  EXPECT_FALSE(plan.guilty);
  Batch batch;
  sweeper.run(plan, 0, plan.units.size(), batch);
  return batch;
}

TEST(Freeze, LoopBeyondTheBoundOfItsOperationIsFound) {
  const std::string program = "anyctx 1 target=patient\ntask0: look()\n hold()\n";
  const Batch batch = freeze(patient<50>(), program);
  ASSERT_EQ(batch.hits.size(), 1u);
  EXPECT_EQ(batch.hits[0].verdict.kind, inject::VerdictKind::no_progress);
  EXPECT_EQ(batch.hits[0].verdict.expected, "50 steps");
  EXPECT_EQ(batch.hits[0].operation, "look");
  EXPECT_TRUE(freeze(patient<kLooks + 2>(), program).hits.empty());
  EXPECT_FALSE(freeze(patient<kLooks>(), program).hits.empty());
}

TEST(SmallScope, EnumeratesEveryProgramOnce) {
  const engine::Target target = with_tables();
  const std::vector<Subject> subjects = small_scope(target, 3);
  // 2 of one operation; 4 of two, whole and split; 8 of three, whole and split in two ways.
  EXPECT_EQ(subjects.size(), 2u + 4 * 2 + 8 * 3);
  std::set<std::string> texts;
  for (const Subject& subject : subjects)
    texts.insert(program::to_text(*target.schema, subject.program));
  EXPECT_EQ(texts.size(), subjects.size());
  EXPECT_TRUE(small_scope(clean(), 3).empty());
}

}  // namespace
}  // namespace anyctx::sweep
