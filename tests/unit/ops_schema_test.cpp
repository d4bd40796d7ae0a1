// Schemas: each rule is checked, the smallest one works, and they may grow without a new format.
#include <gtest/gtest.h>

#include "fuzzers/ops/binary.h"
#include "fuzzers/ops/generate.h"
#include "fuzzers/ops/mutate.h"
#include "fuzzers/ops/normalize.h"
#include "fuzzers/ops/points.h"
#include "fuzzers/ops/rules.h"
#include "fuzzers/ops/schema_check.h"
#include "fuzzers/ops/text.h"
#include "tests/unit/ops_schema.h"

namespace anyctx::program {
namespace {

using demo::kSchema;

TEST(OpsSchema, TheDemoIsSound) {
  EXPECT_EQ(schema_problem(kSchema), "");
}

TEST(OpsSchema, BadNamesAndCountsAreProblems) {
  Schema schema = kSchema;
  schema.target = "My Target";
  EXPECT_EQ(schema_problem(schema), "the target's name is not a lower-case word");
  schema = kSchema;
  schema.ops = {};
  EXPECT_EQ(schema_problem(schema), "needs 1 to 256 operations");
  const std::vector<ParamSpec> many(kMaxParams + 1);
  schema = kSchema;
  schema.params = many;
  EXPECT_EQ(schema_problem(schema), "more than 32 parameters");
  constexpr OpSpec twice[] = {{"f"}, {"f"}};
  schema = kSchema;
  schema.ops = twice;
  EXPECT_EQ(schema_problem(schema), "operation 'f' is there twice");
}

TEST(OpsSchema, BadParametersAreProblems) {
  struct Case {
    ParamSpec spec;
    std::string_view problem;
  };
  const Case cases[] = {
      {{"1st", 0, 1, 0, {}}, "parameter '1st' is not a lower-case word"},
      {{"target", 0, 1, 0, {}}, "parameter target: the word has another meaning"},
      {{"p", 1, 2, 0, {}}, "parameter p: min <= fallback <= max fails"},
      {{"p", 0, 2, 0, demo::kNoYes}, "parameter p: needs one word per value"},
  };
  for (const Case& c : cases) {
    Schema schema = kSchema;
    schema.params = {&c.spec, 1};
    EXPECT_EQ(schema_problem(schema), c.problem);
  }
}

TEST(OpsSchema, BadArgumentsAreProblems) {
  constexpr std::string_view same[] = {"x", "x"};
  constexpr std::uint32_t large[] = {9};
  const ArgSpec optional{"a", ArgKind::number, 0, 1, {}, {}, true, 0};
  struct Case {
    std::vector<ArgSpec> args;
    std::string_view problem;
  };
  const Case cases[] = {
      {std::vector<ArgSpec>(kMaxArgs + 1), "operation f: more than 4 arguments"},
      {{optional, {"b"}}, "operation f: b follows an optional argument"},
      {{{"a"}, {"a"}}, "operation f: argument 'a' is there twice"},
      {{{"a", ArgKind::number, 2, 1}}, "operation f: argument a: min <= max fails"},
      {{{"a", ArgKind::index, 0, 1}}, "operation f: argument a: an index needs one word"},
      {{{"a", ArgKind::choice, 0, 1}}, "operation f: argument a: a choice needs values"},
      {{{"a", ArgKind::choice, 0, 1, large}}, "operation f: argument a: value 9 is out of range"},
      {{{"a", ArgKind::flags, 0, 0, {}, same}}, "operation f: argument a: word 'x' is there twice"},
      {{{"a", ArgKind::number, 0, 1, {}, {}, true, 2}},
       "operation f: argument a: the fallback is out of range"},
  };
  for (const Case& c : cases) {
    const OpSpec op{"f", kAnyContext, false, false, c.args};
    Schema schema = kSchema;
    schema.ops = {&op, 1};
    EXPECT_EQ(schema_problem(schema), c.problem);
  }
  const OpSpec nowhere{"f", 0};
  Schema schema = kSchema;
  schema.ops = {&nowhere, 1};
  EXPECT_EQ(schema_problem(schema), "operation f: legal in no lane");
}

TEST(OpsSchema, NolockOperationsSayHowManyStepsTheyTake) {
  constexpr std::string_view kProblem =
      "operation f: a bound of own steps is what nolock operations need, and only they";
  const OpSpec endless{"f", kAnyContext, true};
  const OpSpec bounded{"f", kAnyContext, true, false, {}, 1, 100};
  const OpSpec spinning{"f", kMaySpin, false, false, {}, 1, 100};
  Schema schema = kSchema;
  schema.ops = {&endless, 1};
  EXPECT_EQ(schema_problem(schema), kProblem);
  schema.ops = {&bounded, 1};
  EXPECT_EQ(schema_problem(schema), "");
  schema.ops = {&spinning, 1};
  EXPECT_EQ(schema_problem(schema), kProblem);
}

TEST(OpsSchema, SitesAreThereOnce) {
  constexpr std::span<const machine::SiteInfo> twice[] = {demo::kStackSites, demo::kStackSites};
  Schema schema = kSchema;
  schema.sites = twice;
  EXPECT_EQ(schema_problem(schema), "site id 240 is there twice");
}

TEST(OpsSchema, TheSmallestOneWorks) {
  constexpr OpSpec ops[] = {{"f", kTaskOnly}};
  const Schema schema{"tiny", 1, {}, ops, {}};
  ASSERT_EQ(schema_problem(schema), "");
  EXPECT_EQ(cpu_count(schema, empty_program(schema)), inject::kMaxLanesPerKind);
  inject::Rng rng(1);
  Program program = empty_program(schema);
  for (unsigned i = 0; i < 2000; ++i) {
    program = mutate(schema, i % 5 == 0 ? generate(schema, rng) : program, rng);
    ASSERT_EQ(decode(schema, encode(schema, program)), program);
    ASSERT_EQ(parse_text(schema, to_text(schema, program)).program, program);
    const Bytes raw(i % 64, static_cast<std::uint8_t>(i));
    ASSERT_EQ(parse_text(schema, to_text(schema, decode(schema, raw))).program,
              decode(schema, raw));
  }
}

TEST(OpsSchema, GrowsWithoutLosingOldPrograms) {
  Schema older = kSchema;
  older.params = kSchema.params.first(2);
  older.ops = kSchema.ops.first(2);
  inject::Rng rng(2);
  for (unsigned i = 0; i < 500; ++i) {
    const Program program = generate(older, rng);
    const Program now = decode(kSchema, encode(older, program));
    ASSERT_EQ(to_text(kSchema, now), to_text(older, program));
  }
}

TEST(OpsPoints, EveryListedPointHasOneNameThatIsReadBack) {
  const auto points = listed_points(kSchema);
  EXPECT_EQ(points.size(), 10u);  // 2 boundaries, 8 of the demo
  for (const machine::PointId point : points) {
    EXPECT_TRUE(is_point(kSchema, point));
    EXPECT_EQ(find_point(kSchema, point_name(kSchema, point)), point);
  }
}

TEST(OpsPoints, OnlyNamedVerbsArePoints) {
  EXPECT_EQ(find_point(kSchema, "demo.window"), demo::kWindow.id * machine::kVerbsPerSite);
  for (const std::string_view name : {"", "demo", "demo.head", "demo.head.", "demo.head.trylock",
                                      "demo.window.probe", "op", "op.raise", "op.", "op.begin.x"})
    EXPECT_FALSE(find_point(kSchema, name).has_value()) << name;
  for (unsigned point = 0; point < 2 * machine::kMaxPoints; ++point) {
    const auto id = static_cast<machine::PointId>(point);
    const auto named = find_point(kSchema, point_name(kSchema, id));
    EXPECT_EQ(is_point(kSchema, id), named == id) << point;
  }
}

TEST(OpsRules, HandlersInterruptOnlyWhatIsBelowThem) {
  using enum inject::LaneKind;
  const auto entered = [](inject::LaneKind host) {
    std::string kinds;
    for (const inject::LaneKind handler : {task, nmi, irq, softirq, reentry, work})
      kinds += may_enter(host, handler) ? '1' : '0';
    return kinds;
  };
  EXPECT_EQ(entered(task), "011110");
  EXPECT_EQ(entered(softirq), "011010");
  EXPECT_EQ(entered(irq), "010010");
  EXPECT_EQ(entered(nmi), "000010");
  EXPECT_EQ(entered(reentry), "011110");
  EXPECT_EQ(entered(work), "011110");
}

}  // namespace
}  // namespace anyctx::program
