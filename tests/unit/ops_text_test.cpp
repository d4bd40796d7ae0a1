// The text form: one golden program, every rule of printing, every error.
#include "fuzzers/ops/text.h"

#include <gtest/gtest.h>

#include <vector>

#include "fuzzers/ops/normalize.h"
#include "fuzzers/ops/suggest.h"
#include "tests/unit/ops_schema.h"

namespace anyctx::program {
namespace {

using demo::kSchema;
using inject::ActionKind;
using inject::Lane;
using inject::LaneKind;
using machine::point;
using machine::Verb;

constexpr Lane kTask0{LaneKind::task, 0};
constexpr Lane kTask1{LaneKind::task, 1};
constexpr Lane kNmi0{LaneKind::nmi, 0};
constexpr Lane kSoftirq1{LaneKind::softirq, 1};
constexpr Lane kWork1{LaneKind::work, 1};

constexpr std::string_view kGolden =
    R"(anyctx 1 target=demo cpus=2 cas2=no slab=sheaves
task0:    a = alloc(96)
          b = alloc(8192, account)
          c = create(cache3, 4000000000, panic|debug, like=a)
          tune(first=0, second=fast, cache=cache300)
          shrink()
task1:    free(a)
nmi0:     c = alloc(97, zero|account|high, node=1)
softirq1: tune()
walk rate=64 seed=18446744073709551615
at task0.1 demo.list_lock.trylock#1: fail
at task0.1 demo.head.cas#1: nmi0
at nmi0/1.0 demo.list_lock.trylock#2: fail sticky
at task1.0 op.begin#1: run task0
at task1.0 demo.watermark#65535: fail
at task0.4 demo.head.load#3: migrate cpu1
at work1/7.0 demo.window#1: softirq1
at task0.0 demo.work.raise#1: delay 255
at task0.0 op.end#1: stall
)";

Program golden_program() {
  Program program = empty_program(kSchema);
  program.params = {2, 256, 0, 4};
  program.lanes = {
      {kTask0,
       {{demo::kAlloc, 0, {96}},
        {demo::kAlloc, 1, {8192, 2}},
        {demo::kCreate, 2, {3, 4000000000u, 3, 0}},
        {demo::kTune, 0, {0, 1, 300}},
        {demo::kShrink, 0, {}}}},
      {kTask1, {{demo::kFree, 0, {0}}}},
      {kNmi0, {{demo::kAlloc, 2, {97, 7, 1}}}},
      {kSoftirq1, {{demo::kTune, 0, {1, 0, 2}}}},
  };
  program.walk = {Walk::Source::seed, 64, ~std::uint64_t{0}, {}};
  const machine::PointId trylock = point(demo::kListLock, Verb::trylock);
  program.decisions = {
      {{kTask0, 1, 0}, trylock, 1, {ActionKind::fail, {}, 0}},
      {{kTask0, 1, 0}, point(demo::kHead, Verb::cas), 1, {ActionKind::enter, kNmi0, 0}},
      {{kNmi0, 0, 1}, trylock, 2, {ActionKind::fail_sticky, {}, 0}},
      {{kTask1, 0, 0}, point(machine::site_op, Verb::begin), 1, {ActionKind::run, kTask0, 0}},
      {{kTask1, 0, 0}, point(demo::kWatermark, Verb::limit), 65535, {ActionKind::fail, {}, 0}},
      {{kTask0, 4, 0}, point(demo::kHead, Verb::load), 3, {ActionKind::migrate, {}, 1}},
      {{kWork1, 0, 7}, point(demo::kWindow, Verb::probe), 1, {ActionKind::enter, kSoftirq1, 0}},
      {{kTask0, 0, 0}, point(demo::kWork, Verb::raise), 1, {ActionKind::delay, {}, 255}},
      {{kTask0, 0, 0}, point(machine::site_op, Verb::end), 1, {ActionKind::stall, {}, 0}},
  };
  return program;
}

/// Parses, or fails the test and gives the empty program.
Program parsed(std::string_view text) {
  ParsedText result = parse_text(kSchema, text);
  EXPECT_TRUE(result.program.has_value()) << to_string(result.error);
  return result.program.value_or(empty_program(kSchema));
}

TEST(OpsText, PrintsTheGoldenProgram) {
  Program normal = golden_program();
  normalize(kSchema, normal);
  EXPECT_EQ(normal, golden_program());
  EXPECT_EQ(to_text(kSchema, golden_program()), kGolden);
}

TEST(OpsText, ParsesTheGoldenProgram) {
  EXPECT_EQ(parsed(kGolden), golden_program());
}

TEST(OpsText, PrintsAnEmptyTaskAndTheBytesOfAWalk) {
  Program program = empty_program(kSchema);
  program.walk = {Walk::Source::bytes, 7, 0, {0x3a, 0x7f, 0x00}};
  const std::string text = "anyctx 1 target=demo\ntask0:\nwalk rate=7 bytes=3a7f00\n";
  EXPECT_EQ(to_text(kSchema, program), text);
  EXPECT_EQ(parsed(text), program);
}

TEST(OpsText, IgnoresCommentsBlankLinesAndWhiteSpace) {
  const Program program = parsed(
      "# a story\r\n"
      "\n"
      "  anyctx 1 target=demo cpus = 2   # two of them\r\n"
      "task0:\n"
      "a=alloc( 96 , zero | high ) # \"#1\" below is none\n"
      "\tfree(a)\t# trailing\n"
      "   # indented\n"
      "at task0.0   demo.head.cas#2 :fail # why");
  EXPECT_EQ(to_text(kSchema, program),
            "anyctx 1 target=demo cpus=2\n"
            "task0: a = alloc(96, zero|high)\n"
            "       free(a)\n"
            "at task0.0 demo.head.cas#2: fail\n");
}

TEST(OpsText, AcceptsLanesAndDecisionsInAnyOrder) {
  const Program program = parsed(
      "anyctx 1 target=demo\n"
      "at task0.0 demo.head.cas#1: nmi0\n"
      "nmi1:\n"
      "nmi0: a = alloc(8)\n"
      "walk seed=5\n"
      "task0: free(a)\n");
  EXPECT_EQ(to_text(kSchema, program),
            "anyctx 1 target=demo\n"
            "task0: free(a)\n"
            "nmi0:  a = alloc(8)\n"
            "walk rate=64 seed=5\n"
            "at task0.0 demo.head.cas#1: nmi0\n");
}

TEST(OpsText, AcceptsNamesWhereTheyAreNotPrinted) {
  EXPECT_EQ(parsed("anyctx 1 target=demo\ntask0: a = alloc(96, node=0, flags=zero)\n"),
            parsed("anyctx 1 target=demo\ntask0: a = alloc(96, zero)\n"));
}

struct BadText {
  std::string_view body;  // behind the header line
  unsigned line;
  unsigned column;
  std::string_view message;
};

class OpsTextErrors : public testing::TestWithParam<BadText> {};

TEST_P(OpsTextErrors, AreOneHelpfulLine) {
  const BadText& bad = GetParam();
  const ParsedText result = parse_text(kSchema, "anyctx 1 target=demo\n" + std::string(bad.body));
  ASSERT_FALSE(result.program.has_value());
  EXPECT_EQ(result.error.message, bad.message);
  EXPECT_EQ(result.error.line, bad.line);
  EXPECT_EQ(result.error.column, bad.column);
}

constexpr BadText kBadOps[] = {
    {"task0: a = aloc(96)", 2, 12, "aloc: no such operation of target demo; did you mean alloc?"},
    {"task0: a = xyzzy(96)", 2, 12, "xyzzy: no such operation of target demo"},
    {"a = alloc(96)", 2, 1, "an operation needs a lane before it: 'task0:'"},
    {"task0: alloc(96)", 2, 8, "alloc has a result: write 'a = alloc(...)'"},
    {"task0: a = free(a)", 2, 8, "free has no result"},
    {"task0: A = alloc(96)", 2, 8, "results go to slots a to z"},
    {"task0: a = ", 2, 12, "expected an operation, found the end of the line"},
    {"nmi0: shrink()", 2, 7, "shrink is not allowed in nmi lanes"},
    {"task0: a = alloc()", 2, 18, "alloc: the argument size is missing"},
    {"task0: a = alloc(10001)", 2, 18, "size must be 0 to 10000, not 10001"},
    {"task0: a = alloc(99999999999999999999)", 2, 18,
     "size must be 0 to 10000, not 18446744073709551615"},
    {"task0: a = alloc(big)", 2, 18, "expected size, a number, found 'b'"},
    {"task0: a = alloc(96, zro)", 2, 22, "zro: no such flag of flags; did you mean zero?"},
    {"task0: a = alloc(96, zero|)", 2, 27, "expected a flag of flags, found ')'"},
    {"task0: a = alloc(96, zero, account)", 2, 28, "flags is given twice"},
    {"task0: a = alloc(96, nod=1)", 2, 22,
     "nod: no such optional argument of alloc; did you mean node?"},
    {"task0: a = alloc(96, node=4)", 2, 27, "node must be 0 to 3, not 4"},
    {"task0: a = alloc(96 zero)", 2, 21, "expected ',' or ')', found 'z'"},
    {"task0: a = alloc(96", 2, 20, "expected ',' or ')', found the end of the line"},
    {"task0: a = alloc 96)", 2, 18, "expected '(', found '9'"},
    {"task0: a = alloc(96) x", 2, 22, "expected the end of the line, found 'x'"},
    {"task0: free(ab)", 2, 13, "object must be a slot, a to z"},
    {"task0: free(a, b)", 2, 16, "b: no such optional argument of free"},
    {"task0: a = create(slab1, 1, 0)", 2, 19, "cache looks like cache0"},
    {"task0: a = create(cache4, 1, 0)", 2, 19, "cache must be cache0 to cache3, not cache4"},
    {"task0: tune(fast)", 2, 13, "fast: no such optional argument of tune"},
};
INSTANTIATE_TEST_SUITE_P(Operations, OpsTextErrors, testing::ValuesIn(kBadOps));

constexpr BadText kBadLines[] = {
    {"cpu0: free(a)", 2, 1,
     "cpu0: no such lane; lanes are task0, nmi0, irq0, softirq0, reentry0 and so on"},
    {"task4: free(a)", 2, 1, "there are at most 4 lanes of this kind"},
    {"nmi3: free(a)", 2, 1, "there are at most 3 lanes of this kind"},
    {"work0: free(a)", 2, 1, "work0 has no operations of its own"},
    {"task0:\ntask0:", 3, 1, "task0 is there already"},
    {"task0:\nhello", 3, 1, "hello: expected a lane, an operation, 'walk' or 'at'"},
    {"\x01", 2, 1, "expected a lane, an operation, 'walk' or 'at', found byte 0x01"},
    {"walk rate=64", 2, 13, "walk needs seed=NUMBER or bytes=HEX"},
    {"walk rate=0 seed=1", 2, 11, "rate must be 1 to 65535, not 0"},
    {"walk seed=1 bytes=00", 2, 13, "walk has one seed or one row of bytes"},
    {"walk bytes=0", 2, 12, "bytes must be pairs of hexadecimal digits"},
    {"walk bytes=0g", 2, 12, "bytes must be pairs of hexadecimal digits"},
    {"walk sed=1", 2, 6, "walk has rate=, seed= and bytes="},
    {"walk seed=1\nwalk seed=2", 3, 1, "walk is there already"},
};
INSTANTIATE_TEST_SUITE_P(Lines, OpsTextErrors, testing::ValuesIn(kBadLines));

constexpr BadText kBadDecisions[] = {
    {"task0: shrink()\nat task1.0 op.begin#1: stall", 3, 4,
     "task1.0: no such lane in this program"},
    {"task0: shrink()\nat task0.1 op.begin#1: stall", 3, 4,
     "task0.1: no such operation in this lane"},
    {"task0: shrink()\nat task0/1.0 op.begin#1: stall", 3, 4,
     "task0/1.0: tasks are entered only once"},
    {"task0: shrink()\nat task0 op.begin#1: stall", 3, 10,
     "expected '.' and the number of an operation, found 'o'"},
    {"at work1.0 op.begin#1: stall", 2, 4, "work1.0: no such cpu"},
    {"at cpu0.1 op.begin#1: stall", 2, 4,
     "cpu0: no such lane; lanes are task0, nmi0, irq0, softirq0, reentry0 and so on"},
    {"task0: shrink()\nat task0.0 op.begn#1: stall", 3, 12,
     "op.begn: no such point of target demo; did you mean op.begin?"},
    {"task0: shrink()\nat task0.0 demo.watermark.limit#1: fail", 3, 12,
     "demo.watermark.limit: no such point of target demo; did you mean demo.watermark?"},
    {"task0: shrink()\nat task0.0 op.begin: stall", 3, 20,
     "expected '#' and the occurrence, right behind the point, found ':'"},
    {"task0: shrink()\nat task0.0 op.begin#0: stall", 3, 21,
     "the occurrence must be 1 to 65535, not 0"},
    {"task0: shrink()\nat task0.0 op.begin#1 stall", 3, 23, "expected ':', found 's'"},
    {"task0: shrink()\nat task0.0 op.begin#1:", 3, 23,
     "expected an action, found the end of the line"},
    {"task0: shrink()\nat task0.0 op.begin#1: stal", 3, 24,
     "stal: no such action or handler; did you mean stall?"},
    {"task0: shrink()\nat task0.0 op.begin#1: fail", 3, 24, "fail: nothing can fail at this point"},
    {"task0: shrink()\nat task0.0 demo.head.cas#1: fail twice", 3, 34,
     "expected 'sticky' or the end of the line"},
    {"task0: shrink()\nat task0.0 op.begin#1: delay 2", 3, 24,
     "delay 2: only a raise of deferred work can be delayed"},
    {"task0: shrink()\nat task0.0 op.begin#1: nmi0", 3, 24,
     "nmi0: no such handler in this program"},
    {"task0: shrink()\nat task0.0 op.begin#1: task0", 3, 24, "task0: only handlers can be entered"},
    {"nmi0: free(a)\nat nmi0.0 demo.head.cas#1: nmi0", 3, 28,
     "nmi0: cannot interrupt this context"},
    {"task0: shrink()\nat task0.0 op.begin#1: run task0", 3, 24,
     "run task0: this task runs already"},
    {"task0: shrink()\nat task0.0 op.begin#1: run nmi0", 3, 24,
     "run nmi0: only tasks and workers can be run"},
    {"task0: shrink()\nat task0.0 op.begin#1: migrate cpu1", 3, 24, "migrate cpu1: no such cpu"},
    {"task0: shrink()\nat task0.0 op.begin#1: migrate 1", 3, 32, "expected a cpu: cpu0, cpu1, ..."},
    {"nmi0: free(a)\nat nmi0.0 op.begin#1: migrate cpu0", 3, 23,
     "migrate cpu0: only tasks migrate"},
};
INSTANTIATE_TEST_SUITE_P(Decisions, OpsTextErrors, testing::ValuesIn(kBadDecisions));

struct BadHeader {
  std::string_view text;
  std::string_view error;
};

TEST(OpsText, ExplainsBadHeaders) {
  constexpr BadHeader kBad[] = {
      {"", "line 1: not a program: it begins 'anyctx 1 target=...'"},
      {"# only\n# comments\n", "line 2: not a program: it begins 'anyctx 1 target=...'"},
      {"\n#!/bin/sh\nls\n", "line 3: not a program: it begins 'anyctx 1 target=...'"},
      {"anyctx", "line 1: expected the version, a number, found the end of the line"},
      {"anyctx 0 target=demo", "line 1: there is no version 0"},
      {"anyctx 2 target=demo",
       "line 1: written by a newer anyctx: text version 2, this one reads up to 1"},
      {"anyctx 1", "line 1: the target is missing: target=NAME"},
      {"anyctx 1 target=slab", "line 1: this program is not for target demo"},
      {"anyctx 1 target=demo cpu=2",
       "line 1: cpu: no such parameter of target demo; did you mean cpus?"},
      {"anyctx 1 target=demo cpus=5", "line 1: cpus must be 1 to 4, not 5"},
      {"anyctx 1 target=demo cpus=2 cpus=2", "line 1: cpus is given twice"},
      {"anyctx 1 target=demo cpus", "line 1: expected '=' and a value, found the end of the line"},
      {"anyctx 1 target=demo cas2=maybe", "line 1: cas2 must be one of no, yes, not 'maybe'"},
  };
  for (const BadHeader& bad : kBad) {
    const ParsedText result = parse_text(kSchema, bad.text);
    EXPECT_FALSE(result.program.has_value()) << bad.text;
    EXPECT_EQ(to_string(result.error), bad.error);
  }
}

TEST(OpsText, SaysIfASubjectHasNoSuchOperation) {
  std::vector<OpSpec> ops(kSchema.ops.begin(), kSchema.ops.end());
  for (OpSpec& op : ops)
    if (op.name == "shrink") op.lanes = kNoLane;
  Schema schema = kSchema;
  schema.ops = ops;
  const auto result = parse_text(schema, "anyctx 1 target=demo\ntask0: shrink()\n");
  EXPECT_FALSE(result.program);
  EXPECT_EQ(result.error.message, "shrink is not there in this subject of demo");
  EXPECT_TRUE(parse_text(kSchema, "anyctx 1 target=demo\ntask0: shrink()\n").program);
}

TEST(OpsText, RefusesMoreThanAProgramCanHold) {
  std::string ops = "anyctx 1 target=demo\ntask0:\n";
  for (unsigned i = 0; i <= kMaxOpsPerLane; ++i) ops += "shrink()\n";
  EXPECT_EQ(to_string(parse_text(kSchema, ops).error), "line 67: a lane has at most 64 operations");
  std::string decisions = "anyctx 1 target=demo\ntask0: shrink()\n";
  for (unsigned i = 0; i <= kMaxDecisions; ++i) decisions += "at task0.0 op.begin#1: stall\n";
  EXPECT_EQ(to_string(parse_text(kSchema, decisions).error),
            "line 67: a program has at most 64 decisions");
  const std::string bytes(2 * (kMaxWalkBytes + 1), '0');
  EXPECT_EQ(to_string(parse_text(kSchema, "anyctx 1 target=demo\nwalk bytes=" + bytes).error),
            "line 2: a walk has at most 4096 bytes");
}

TEST(OpsText, NamesTheTargetBeforeTheSchemaIsKnown) {
  EXPECT_EQ(target_of_text("# story\nanyctx 1 cpus=2 target=slab # x\n"), "slab");
  EXPECT_EQ(target_of_text("anyctx 7 target=page"), "page");
  EXPECT_EQ(target_of_text("anyctx 1"), "");
  EXPECT_EQ(target_of_text("target=slab"), "");
  EXPECT_EQ(target_of_text(""), "");
  EXPECT_EQ(text_header("anyctx 7 target=page").version, 7u);
  EXPECT_FALSE(text_header("any").found);
}

TEST(OpsSuggest, CountsChangedCharacters) {
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("same", "same"), 0u);
}

TEST(OpsSuggest, OffersOnlyWhatIsNear) {
  Suggestion suggestion("kmalloc_nolok");
  suggestion.offer("free");
  EXPECT_EQ(suggestion.clause(), "");
  suggestion.offer("kmalloc_lock");
  suggestion.offer("kmalloc_nolock");
  suggestion.offer("kfree_nolock");
  EXPECT_EQ(suggestion.clause(), "; did you mean kmalloc_nolock?");
}

}  // namespace
}  // namespace anyctx::program
