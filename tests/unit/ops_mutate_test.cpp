// Mutation, crossover and generation: always normal, pure, and able to reach everything.
#include "fuzzers/ops/mutate.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "fuzzers/ops/binary.h"
#include "fuzzers/ops/generate.h"
#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/normalize.h"
#include "fuzzers/ops/points.h"
#include "fuzzers/ops/text.h"
#include "tests/unit/ops_schema.h"

namespace anyctx::program {
namespace {

using demo::kSchema;
using inject::ActionKind;
using inject::LaneKind;
using inject::Rng;

bool is_normal(const Program& program) {
  Program copy = program;
  normalize(kSchema, copy);
  // The parser repairs nothing, so it is a judge of its own.
  return copy == program && parse_text(kSchema, to_text(kSchema, program)).program == program;
}

/// Everything of a program that a test wants to have seen at least once.
class Seen {
 public:
  void add(const Program& program) {
    for (const LaneOps& lane : program.lanes) {
      words_.insert("lane " + lane_name(lane.lane));
      for (const Op& op : lane.ops) words_.insert("op " + std::string(kSchema.ops[op.code].name));
    }
    for (const inject::Decision& decision : program.decisions) {
      words_.insert("point " + point_name(kSchema, decision.point));
      words_.insert("action " + std::to_string(static_cast<unsigned>(decision.action.kind)));
    }
    words_.insert("walk " + std::to_string(static_cast<unsigned>(program.walk.source)));
    for (std::size_t i = 0; i < kSchema.params.size(); ++i)
      if (program.params[i] != kSchema.params[i].fallback)
        words_.insert("param " + std::string(kSchema.params[i].name));
  }
  std::size_t count(std::string_view kind) const {
    return static_cast<std::size_t>(
        std::count_if(words_.begin(), words_.end(),
                      [&](const std::string& word) { return word.starts_with(kind); }));
  }

 private:
  std::set<std::string> words_;
};

void expect_everything(const Seen& seen) {
  EXPECT_EQ(seen.count("lane "), kMaxTasks + 4 * searched_lanes(inject::LaneKind::nmi));
  EXPECT_EQ(seen.count("op "), kSchema.ops.size());
  EXPECT_EQ(seen.count("point "), listed_points(kSchema).size());
  EXPECT_EQ(seen.count("action "), inject::kActionKinds);
  EXPECT_EQ(seen.count("param "), kSchema.params.size());
}

TEST(OpsGenerate, ReachesEverythingAndIsNormal) {
  Rng rng(1);
  Seen seen;
  for (unsigned i = 0; i < 3000; ++i) {
    const Program program = generate(kSchema, rng);
    ASSERT_TRUE(is_normal(program)) << to_text(kSchema, program);
    seen.add(program);
  }
  expect_everything(seen);
  EXPECT_EQ(seen.count("walk "), 2u);
}

TEST(OpsGenerate, HandlersOftenKeepWhatTheyAllocate) {
  Rng rng(2);
  unsigned keeping = 0;
  unsigned handlers = 0;
  for (unsigned i = 0; i < 1000; ++i) {
    for (const LaneOps& lane : generate(kSchema, rng).lanes) {
      if (!is_handler(lane.lane.kind)) continue;
      ++handlers;
      const auto allocs = std::count_if(lane.ops.begin(), lane.ops.end(),
                                        [](const Op& op) { return op.code == demo::kAlloc; });
      const auto frees = std::count_if(lane.ops.begin(), lane.ops.end(),
                                       [](const Op& op) { return op.code == demo::kFree; });
      if (allocs > frees) ++keeping;
    }
  }
  EXPECT_GT(handlers, 500u);
  EXPECT_GT(keeping * 3, handlers);
}

TEST(OpsGenerate, FreesMostlyWhatWasAllocated) {
  Rng rng(3);
  unsigned known = 0;
  unsigned frees = 0;
  for (unsigned i = 0; i < 1000; ++i) {
    const Program program = generate(kSchema, rng);
    std::set<std::uint32_t> results;
    for (const LaneOps& lane : program.lanes)
      for (const Op& op : lane.ops)
        if (kSchema.ops[op.code].has_result) results.insert(op.result);
    if (results.empty()) continue;
    for (const LaneOps& lane : program.lanes)
      for (const Op& op : lane.ops)
        if (op.code == demo::kFree) {
          ++frees;
          known += results.count(op.args[0]) != 0 ? 1 : 0;
        }
  }
  EXPECT_GT(frees, 1000u);
  EXPECT_GT(known * 10, frees * 8);
}

/// The points that an imagined run of the program visited.
std::vector<VisitedPoint> visited_by(const Program& program) {
  std::vector<VisitedPoint> visited;
  for (const LaneOps& lane : program.lanes)
    for (std::uint8_t op = 0; op < lane.ops.size(); ++op)
      visited.push_back({{lane.lane, op, 0}, machine::point(demo::kHead, machine::Verb::cas), 7});
  return visited;
}

TEST(OpsMutate, ReachesEverythingAndIsNormal) {
  Rng rng(4);
  Seen seen;
  Program program = empty_program(kSchema);
  for (unsigned i = 0; i < 7000; ++i) {
    const auto visited = visited_by(program);
    program = mutate(kSchema, program, rng, i % 2 == 0 ? Hints{} : Hints{visited});
    ASSERT_TRUE(is_normal(program)) << to_text(kSchema, program);
    seen.add(program);
  }
  expect_everything(seen);
  EXPECT_EQ(seen.count("walk "), 3u);
}

TEST(OpsMutate, ChangesSomethingNearlyAlways) {
  Rng rng(5);
  unsigned same = 0;
  for (unsigned i = 0; i < 2000; ++i) {
    const Program program = generate(kSchema, rng);
    if (mutate(kSchema, program, rng) == program) ++same;
  }
  EXPECT_LT(same, 40u);
}

TEST(OpsMutate, IsPure) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng source(seed);
    const Program first = generate(kSchema, source);
    const Program second = generate(kSchema, source);
    const auto visited = visited_by(first);
    Rng a(seed);
    Rng b(seed);
    ASSERT_EQ(mutate(kSchema, first, a, {visited}), mutate(kSchema, first, b, {visited}));
    ASSERT_EQ(crossover(kSchema, first, second, a), crossover(kSchema, first, second, b));
    ASSERT_EQ(generate(kSchema, a), generate(kSchema, b));
    ASSERT_EQ(a.next(), b.next());
  }
}

TEST(OpsMutate, PlacesNewDecisionsMostlyWhereTheLastRunWas) {
  const ParsedText parsed = parse_text(
      kSchema, "anyctx 1 target=demo\ntask0: a = alloc(96)\n       free(a)\n       shrink()\n");
  ASSERT_TRUE(parsed.program.has_value());
  const VisitedPoint hint{
      {{LaneKind::task, 0}, 1, 0}, machine::point(demo::kListLock, machine::Verb::trylock), 3};
  Rng rng(6);
  unsigned there = 0;
  unsigned all = 0;
  std::set<unsigned> occurrences;
  for (unsigned i = 0; i < 3000; ++i) {
    const Program mutated = mutate(kSchema, *parsed.program, rng, {{&hint, 1}});
    for (const inject::Decision& decision : mutated.decisions) {
      ++all;
      if (decision.point != hint.point) continue;
      ++there;
      occurrences.insert(decision.occurrence);
    }
  }
  EXPECT_GT(there * 10, all * 7);
  EXPECT_TRUE(occurrences.contains(1) && occurrences.contains(2) && occurrences.contains(3));
}

/// A handler may find everything as it was, and yet not the same: what it asked for twice and gave
/// back once.
TEST(OpsMutate, HandlersGetInTheWayOfWhatTheyInterrupt) {
  Rng rng(11);
  Program host = empty_program(kSchema);
  host.lanes[0].ops.push_back({.code = demo::kAlloc, .result = 0, .args = {192}});
  const auto visited = visited_by(host);
  unsigned met = 0;
  for (unsigned i = 0; i < 2000; ++i) {
    const Program program = mutate(kSchema, host, rng, Hints{visited});
    for (const inject::Decision& decision : program.decisions) {
      if (decision.action.kind != inject::ActionKind::enter) continue;
      const std::vector<Op>& ops = find_lane(program, decision.action.lane)->ops;
      if (ops.size() != 3) continue;
      const bool asks = ops[0].code == demo::kAlloc && ops[1].code == demo::kAlloc &&
                        ops[0].args[0] == 192 && ops[1].args[0] == 192;
      met += asks && ops[2].code == demo::kFree && ops[2].args[0] == ops[0].result;
    }
  }
  EXPECT_GT(met, 20u);
}

/// Another task comes in between, and asks for the same.
TEST(OpsMutate, TasksGetInTheWayOfEachOther) {
  Rng rng(12);
  Program host = empty_program(kSchema);
  host.lanes[0].ops.push_back({.code = demo::kAlloc, .result = 0, .args = {192}});
  const auto visited = visited_by(host);
  unsigned met = 0;
  for (unsigned i = 0; i < 2000; ++i) {
    const Program program = mutate(kSchema, host, rng, Hints{visited});
    for (const inject::Decision& decision : program.decisions) {
      if (decision.action.kind != inject::ActionKind::run) continue;
      const LaneOps* const lane = find_lane(program, decision.action.lane);
      if (lane == nullptr || lane->lane == decision.where.lane || lane->ops.empty()) continue;
      met += lane->ops[0].code == demo::kAlloc && lane->ops[0].args[0] == 192;
    }
  }
  EXPECT_GT(met, 20u);
}

/// Few operations come to some points: they are not to be forgotten for those that all come to.
TEST(OpsMutate, RareOnesOfTheVisitedPointsAreTriedAsWell) {
  const ParsedText parsed = parse_text(
      kSchema, "anyctx 1 target=demo\ntask0: a = alloc(96)\n       free(a)\n       shrink()\n");
  std::vector<VisitedPoint> visited(
      99,
      {{{LaneKind::task, 0}, 1, 0}, machine::point(demo::kListLock, machine::Verb::trylock), 1});
  const machine::PointId rare = machine::point(demo::kWatermark, machine::Verb::limit);
  visited.push_back({{{LaneKind::task, 0}, 0, 0}, rare, 1});
  Rng rng(13);
  std::size_t there = 0;
  std::size_t all = 0;
  for (unsigned i = 0; i < 3000; ++i) {
    for (const inject::Decision& d : mutate(kSchema, *parsed.program, rng, {visited}).decisions) {
      ++all;
      there += d.point == rare;
    }
  }
  EXPECT_GT(there * 10, all);
}

TEST(OpsMutate, IgnoresStaleHints) {
  const VisitedPoint stale[] = {{{{LaneKind::task, 3}, 60, 0}, 1, 1},
                                {{{LaneKind::nmi, 0}, 0, 9}, 1023, 0},
                                {{{LaneKind::task, 0}, 0, 0}, 60000, 4000000000u}};
  Rng rng(7);
  for (unsigned i = 0; i < 1000; ++i)
    ASSERT_TRUE(is_normal(mutate(kSchema, empty_program(kSchema), rng, {stale})));
}

TEST(OpsMutate, GrowthIsBounded) {
  Rng rng(8);
  Program program = generate(kSchema, rng);
  std::size_t most = 0;
  for (unsigned i = 0; i < 5000; ++i) {
    program = crossover(kSchema, mutate(kSchema, program, rng), generate(kSchema, rng), rng);
    most = std::max(most, encode(kSchema, program).size());
  }
  EXPECT_LT(most, 24000u);
}

TEST(OpsCrossover, IsNormalAndTakesFromBoth) {
  Rng rng(9);
  unsigned mixed = 0;
  for (unsigned i = 0; i < 3000; ++i) {
    const Program first = generate(kSchema, rng);
    const Program second = generate(kSchema, rng);
    const Program child = crossover(kSchema, first, second, rng);
    ASSERT_TRUE(is_normal(child)) << to_text(kSchema, child);
    if (child != first && child != second) ++mixed;
  }
  EXPECT_GT(mixed, 2000u);
}

/// No library distributions, no unspecified order of evaluation: the results are the same with
/// every compiler and optimisation. A change of what is generated changes the number, and may.
TEST(OpsMutate, ResultsArePinned) {
  std::uint64_t digest = 0xcbf29ce484222325u;  // FNV-1a
  Rng rng(10);
  Program program = generate(kSchema, rng);
  for (unsigned i = 0; i < 500; ++i) {
    const auto visited = visited_by(program);
    program = mutate(kSchema, program, rng, {visited});
    if (i % 5 == 0) program = crossover(kSchema, program, generate(kSchema, rng), rng);
    for (const char c : to_text(kSchema, program))
      digest = (digest ^ static_cast<std::uint8_t>(c)) * 0x100000001b3u;
  }
  EXPECT_EQ(digest, 11682664331558788179u);
}

}  // namespace
}  // namespace anyctx::program
