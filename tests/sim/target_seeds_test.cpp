// Every target's corpus, and random programs: clean, and the same on every run.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "fuzzers/engine/runner.h"
#include "fuzzers/engine/story.h"
#include "fuzzers/ops/generate.h"
#include "fuzzers/ops/mutate.h"
#include "fuzzers/ops/points.h"
#include "fuzzers/ops/schema_check.h"
#include "fuzzers/ops/text.h"
#include "fuzzers/sweep/small_scope.h"
#include "fuzzers/sweep/sweeper.h"
#include "fuzzers/targets/registry.h"
#include "lib/page/sites.h"
#include "tests/sim/corpus_files.h"

namespace anyctx::target {
namespace {

namespace fs = std::filesystem;

class TargetSeeds : public ::testing::TestWithParam<const engine::Target*> {
 protected:
  const engine::Target& target() const { return *GetParam(); }
  const program::Schema& schema() const { return *target().schema; }
  std::vector<fs::path> files(std::string_view kind) const {
    return test::corpus_files(std::string(target().name()), std::string(kind));
  }

  /// Runs a program; a verdict fails the test with its story.
  std::uint64_t run(const program::Program& program) {
    const engine::RunResult result = runner_.run(program);
    if (result.verdict) {
      ADD_FAILURE() << to_text(schema(), program) << engine::tell_story(runner_, program);
    }
    return result.digest;
  }

  /// Clean, 100 times the same, and all that was decided did happen.
  void expect_steady(const fs::path& path) {
    SCOPED_TRACE(path.filename());
    const program::Program program = test::read_program(schema(), path);
    const std::uint64_t digest = run(program);
    for (int i = 1; i < 100 && !HasFailure(); ++i) EXPECT_EQ(run(program), digest);
    EXPECT_EQ(runner_.simulation().taken().size(), program.decisions.size());
  }

  engine::Runner runner_{*GetParam()};
};

TEST_P(TargetSeeds, SchemaIsSound) {
  EXPECT_EQ(program::schema_problem(schema()), "");
}

TEST_P(TargetSeeds, FilesAreSteady) {
  EXPECT_GE(files("seeds").size(), 8u);
  for (const fs::path& seed : files("seeds")) expect_steady(seed);
  for (const fs::path& program : files("regress")) expect_steady(program);
}

TEST_P(TargetSeeds, PerformEveryOperation) {
  for (const fs::path& seed : files("seeds")) run(test::read_program(schema(), seed));
  for (std::size_t code = 0; code < schema().ops.size(); ++code) {
    EXPECT_GT(runner_.op_mix().by_code[code].done, 0u) << schema().ops[code].name;
  }
}

/// A list of nested operations that runs nowhere is misspelt.
TEST_P(TargetSeeds, SweepTablesAreOfUse) {
  ASSERT_NE(target().sweep, nullptr);
  sweep::NestedLibrary library(schema(), target().sweep->nested);
  for (std::size_t i = 0; i < library.size(); ++i) {
    bool made = false;
    for (const fs::path& seed : files("seeds")) {
      const program::Program program = test::read_program(schema(), seed);
      for (std::uint8_t op = 0; op < program.lanes[0].ops.size(); ++op)
        made = made || library.make(i, program, {program.lanes[0].lane, op, 0}) != nullptr;
    }
    EXPECT_TRUE(made) << library.name(i);
  }
  EXPECT_GT(sweep::small_scope(target(), 2).size(), target().sweep->scope_ops.size());
}

/// Every single decision in every program of one operation.
TEST_P(TargetSeeds, SweepOfASmallScopeIsClean) {
  sweep::Sweeper sweeper(target(), {});
  sweep::Batch batch;
  for (const sweep::Subject& subject : sweep::small_scope(target(), 1)) {
    const sweep::Plan plan = sweeper.plan(subject.program);
    sweeper.run(plan, 0, plan.units.size(), batch);
  }
  EXPECT_GT(batch.tally.runs, 100u);
  for (const sweep::Hit& hit : batch.hits) run(hit.program);
  for (const sweep::Tally::Count& count : batch.tally.by_category) EXPECT_EQ(count.not_taken, 0u);
}

/// What the seeds do not reach, a mutator has to find from nothing.
TEST(PageSeeds, ReachEveryPoint) {
  const engine::Target& page = *find_target("page");
  engine::Runner runner(page);
  for (const fs::path& seed : test::corpus_files("page", "seeds")) {
    runner.run(test::read_program(*page.schema, seed));
  }
  const inject::Stats& stats = runner.simulation().stats();
  for (const machine::SiteInfo& info : page::site::kTable) {
    if (info.site == page::site::leaked) continue;  // follows a report
    for (unsigned verb = 0; verb < machine::kVerbsPerSite; ++verb) {
      if ((info.verbs >> verb & 1) == 0) continue;
      const unsigned point = info.site.id * machine::kVerbsPerSite + verb;
      std::uint64_t visits = 0;
      for (const auto& context : stats.reached) visits += context[point];
      EXPECT_GT(visits, 0u) << program::point_name(*page.schema,
                                                   static_cast<machine::PointId>(point));
    }
  }
}

TEST_P(TargetSeeds, RandomProgramsAreClean) {
  constexpr int kPrograms = 4000;
  inject::Rng rng(20260101);
  program::Program program = program::generate(schema(), rng);
  for (int i = 0; i < kPrograms && !HasFailure(); ++i) {
    program = rng.chance(1, 3) ? program::generate(schema(), rng)
                               : program::mutate(schema(), program, rng);
    const std::uint64_t digest = run(program);
    if (i % 16 == 0) {
      EXPECT_EQ(run(program), digest) << to_text(schema(), program);
    }
  }
}

/// Programs and points are recorded by number.
TEST(AllTargets, ShareNoIds) {
  std::map<unsigned, std::string_view> schemas;
  std::map<unsigned, std::string_view> sites;
  for (const engine::Target& target : all_targets()) {
    EXPECT_TRUE(schemas.emplace(target.schema->id, target.name()).second) << target.name();
    for (const auto table : target.schema->sites) {
      for (const machine::SiteInfo& info : table) {
        const auto known = sites.emplace(info.site.id, info.name).first;
        EXPECT_EQ(known->second, info.name) << unsigned{info.site.id};
      }
    }
  }
}

/// Of the visits that one operation pays to one point, the middle ones.
TEST_P(TargetSeeds, SurveyLeavesOutWhatIsAskedOf) {
  constexpr unsigned kMost = 2;
  std::uint64_t left_out = 0;
  for (const fs::path& seed : files("seeds")) {
    const program::Program program = test::read_program(schema(), seed);
    const sweep::Survey all = sweep::survey(runner_, program, 0);
    const sweep::Survey some = sweep::survey(runner_, program, kMost);
    EXPECT_EQ(all.left_out, 0u);
    EXPECT_EQ(some.places.size() + some.left_out, all.places.size());
    left_out += some.left_out;
    std::map<std::pair<inject::OpRef, machine::PointId>, unsigned> visits;
    for (const sweep::Place& place : some.places)
      EXPECT_LE(++visits[std::pair(place.where, place.point)], kMost);
  }
  EXPECT_GT(left_out, 0u);
}

std::vector<const engine::Target*> pointers() {
  std::vector<const engine::Target*> all;
  for (const engine::Target& target : all_targets()) all.push_back(&target);
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, TargetSeeds, ::testing::ValuesIn(pointers()),
                         [](const auto& info) { return std::string(info.param->name()); });

}  // namespace
}  // namespace anyctx::target
