// Normal form: each repair, and the edits that keep decisions at their operations.
#include "fuzzers/ops/normalize.h"

#include <gtest/gtest.h>

#include "fuzzers/ops/edit.h"
#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/text.h"
#include "tests/unit/ops_schema.h"

namespace anyctx::program {
namespace {

using demo::kSchema;
using inject::ActionKind;
using inject::Lane;
using inject::LaneKind;

constexpr Lane kTask0{LaneKind::task, 0};
constexpr Lane kTask1{LaneKind::task, 1};
constexpr Lane kNmi0{LaneKind::nmi, 0};

Program parsed(std::string_view text) {
  ParsedText result = parse_text(kSchema, text);
  EXPECT_TRUE(result.program.has_value()) << to_string(result.error);
  return result.program.value_or(empty_program(kSchema));
}

/// The text of the program after normalization.
std::string normal_text(Program program) {
  normalize(kSchema, program);
  return to_text(kSchema, program);
}

constexpr std::string_view kEmpty = "anyctx 1 target=demo\ntask0:\n";

TEST(OpsNormalize, TheEmptyProgramHasOneTaskAndDefaults) {
  EXPECT_EQ(normal_text(empty_program(kSchema)), kEmpty);
  EXPECT_EQ(normal_text(Program{}), "anyctx 1 target=demo pages=16 cas2=no\ntask0:\n");
}

TEST(OpsNormalize, ClampsNumbers) {
  Program program = empty_program(kSchema);
  program.params = {99, 1, 7, 0, 5};
  program.lanes = {{kTask0, {{demo::kAlloc, 200, {20000, 0xff, 9, 5}}}}};
  normalize(kSchema, program);
  EXPECT_EQ(program.params[4], 0u);  // the schema has four
  EXPECT_EQ(program.lanes[0].ops[0].args[3], 0u);
  EXPECT_EQ(to_text(kSchema, program),
            "anyctx 1 target=demo cpus=4 pages=16\n"
            "task0: z = alloc(10000, zero|account|high, node=3)\n");
}

TEST(OpsNormalize, SortsAndMergesLanes) {
  Program program = empty_program(kSchema);
  const Op shrink{demo::kShrink, 0, {}};
  const Op free_a{demo::kFree, 0, {0}};
  program.lanes = {{kNmi0, {free_a}}, {kTask1, {shrink}}, {kTask0, {}}, {kTask1, {free_a}}};
  EXPECT_EQ(normal_text(program),
            "anyctx 1 target=demo\ntask0:\ntask1: shrink()\n       free(a)\nnmi0:  free(a)\n");
}

TEST(OpsNormalize, DropsLanesThatCannotBe) {
  Program program = empty_program(kSchema);
  const Op free_a{demo::kFree, 0, {0}};
  program.lanes = {{{LaneKind::task, 4}, {free_a}},
                   {{LaneKind::nmi, 3}, {free_a}},
                   {{LaneKind::work, 0}, {free_a}},
                   {{static_cast<LaneKind>(99), 0}, {free_a}},
                   {{LaneKind::irq, 0}, {}}};
  EXPECT_EQ(normal_text(program), kEmpty);
}

TEST(OpsNormalize, DropsIllegalOperationsAndMovesDecisions) {
  Program program = parsed(
      "anyctx 1 target=demo\n"
      "nmi0: free(a)\n      free(b)\n      free(c)\n"
      "at nmi0.0 op.begin#1: stall\n"
      "at nmi0.1 op.begin#2: stall\n"
      "at nmi0.2 op.begin#3: stall\n");
  find_lane(program, kNmi0)->ops[1].code = demo::kShrink;  // tasks only
  EXPECT_EQ(normal_text(program),
            "anyctx 1 target=demo\n"
            "task0:\n"
            "nmi0:  free(a)\n       free(c)\n"
            "at nmi0.0 op.begin#1: stall\n"
            "at nmi0.1 op.begin#3: stall\n");
}

TEST(OpsNormalize, CapsCounts) {
  Program program = empty_program(kSchema);
  program.lanes[0].ops.assign(kMaxOpsPerLane + 9, Op{demo::kShrink, 0, {}});
  program.decisions.assign(kMaxDecisions + 9, {{kTask0, 0, 0}, 1, 1, {ActionKind::stall, {}, 0}});
  program.walk = {Walk::Source::bytes, 1u << 20, 9, {}};
  program.walk.bytes.assign(kMaxWalkBytes + 9, 1);
  normalize(kSchema, program);
  EXPECT_EQ(program.lanes[0].ops.size(), kMaxOpsPerLane);
  EXPECT_EQ(program.decisions.size(), kMaxDecisions);
  EXPECT_EQ(program.walk.bytes.size(), kMaxWalkBytes);
  EXPECT_EQ(program.walk.rate, 65535u);
  EXPECT_EQ(program.walk.seed, 0u);
}

TEST(OpsNormalize, RepairsOrDropsDecisions) {
  Program program = parsed("anyctx 1 target=demo cpus=2\ntask0: shrink()\nnmi0: free(a)\n");
  const machine::PointId begin = machine::point(machine::site_op, machine::Verb::begin);
  const machine::PointId cas = machine::point(demo::kHead, machine::Verb::cas);
  const inject::OpRef first{kTask0, 0, 0};
  program.decisions = {
      {{kTask0, 0, 3}, begin, 0, {ActionKind::stall, kNmi0, 9}},    // repaired
      {first, begin, 1, {ActionKind::migrate, {}, 5}},              // repaired: cpu1
      {first, cas, 1, {ActionKind::fail, kNmi0, 9}},                // repaired
      {{kTask0, 1, 0}, begin, 1, {ActionKind::stall, {}, 0}},       // no such operation
      {{kTask1, 0, 0}, begin, 1, {ActionKind::stall, {}, 0}},       // no such lane
      {first, 0, 1, {ActionKind::stall, {}, 0}},                    // no such verb
      {first, 1023, 1, {ActionKind::stall, {}, 0}},                 // no such site
      {first, 5000, 1, {ActionKind::stall, {}, 0}},                 // no such site
      {first, begin, 1, {ActionKind::fail, {}, 0}},                 // cannot fail
      {first, cas, 1, {ActionKind::enter, {LaneKind::irq, 0}, 0}},  // no such handler
      {first, cas, 1, {ActionKind::run, kTask1, 0}},                // no such task
      {first, cas, 1, {static_cast<ActionKind>(99), {}, 0}},        // no such action
  };
  EXPECT_EQ(normal_text(program),
            "anyctx 1 target=demo cpus=2\n"
            "task0: shrink()\n"
            "nmi0:  free(a)\n"
            "at task0.0 op.begin#1: stall\n"
            "at task0.0 op.begin#1: migrate cpu1\n"
            "at task0.0 demo.head.cas#1: fail\n");
}

TEST(OpsNormalize, AWalkKeepsOnlyWhatItUses) {
  Program program = empty_program(kSchema);
  program.walk = {Walk::Source::none, 9, 9, {9}};
  EXPECT_EQ(normal_text(program), kEmpty);
  program.walk = {Walk::Source::bytes, 9, 9, {}};
  EXPECT_EQ(normal_text(program), kEmpty);
  program.walk = {static_cast<Walk::Source>(99), 9, 9, {9}};
  EXPECT_EQ(normal_text(program), kEmpty);
  program.walk = {Walk::Source::seed, 0, 9, {9}};
  EXPECT_EQ(normal_text(program), std::string(kEmpty) + "walk rate=1 seed=9\n");
}

class OpsEdit : public testing::Test {
 protected:
  Program program_ = parsed(
      "anyctx 1 target=demo\n"
      "task0: a = alloc(8)\n       free(a)\n       shrink()\n"
      "task1: free(b)\n"
      "nmi0: free(c)\n"
      "at task0.0 op.begin#1: nmi0\n"
      "at task0.1 op.begin#2: run task1\n"
      "at task0.2 op.begin#3: stall\n"
      "at task1.0 op.begin#4: stall\n");

  /// What is at which operation now.
  std::string decisions() const {
    std::string text;
    for (const inject::Decision& decision : program_.decisions)
      text += to_text(decision.where) + "#" + std::to_string(decision.occurrence) + " ";
    return text;
  }
};

TEST_F(OpsEdit, InsertMovesLaterDecisions) {
  insert_op(program_, kTask0, 1, {demo::kShrink, 0, {}});
  EXPECT_EQ(decisions(), "task0.0#1 task0.2#2 task0.3#3 task1.0#4 ");
}

TEST_F(OpsEdit, EraseTakesItsDecisionsAlong) {
  erase_op(program_, kTask0, 1);
  EXPECT_EQ(decisions(), "task0.0#1 task0.1#3 task1.0#4 ");
}

TEST_F(OpsEdit, SwapExchangesDecisions) {
  swap_ops(program_, kTask0, 0, 2);
  EXPECT_EQ(decisions(), "task0.2#1 task0.1#2 task0.0#3 task1.0#4 ");
  EXPECT_EQ(program_.lanes[0].ops[0].code, demo::kShrink);
}

TEST_F(OpsEdit, MoveTakesDecisionsToTheOtherLane) {
  move_op(program_, kTask0, 1, kTask1, 0);
  EXPECT_EQ(decisions(), "task0.0#1 task0.1#3 task1.1#4 task1.0#2 ");
  EXPECT_EQ(find_lane(program_, kTask1)->ops.size(), 2u);
}

TEST_F(OpsEdit, EraseLaneDropsDecisionsInItAndAboutIt) {
  erase_lane(program_, kTask1);
  EXPECT_EQ(decisions(), "task0.0#1 task0.2#3 ");
  erase_lane(program_, kNmi0);
  EXPECT_EQ(decisions(), "task0.2#3 ");
}

TEST(OpsLanes, NamesAreReadBack) {
  for (unsigned kind = 0; kind < inject::kLaneKinds; ++kind) {
    const Lane lane{static_cast<LaneKind>(kind), static_cast<std::uint8_t>(kind)};
    EXPECT_EQ(lane_of_name(lane_name(lane)), lane);
  }
  for (const std::string_view name : {"", "task", "task8", "task00", "tas0", "nmi-", "0task"})
    EXPECT_FALSE(lane_of_name(name).has_value()) << name;
}

}  // namespace
}  // namespace anyctx::program
