// The range_tree target's seed corpus, and random programs: clean, and the same on every run.
#include <gtest/gtest.h>

#include "fuzzers/engine/runner.h"
#include "fuzzers/engine/story.h"
#include "fuzzers/ops/generate.h"
#include "fuzzers/ops/mutate.h"
#include "fuzzers/ops/schema_check.h"
#include "fuzzers/ops/text.h"
#include "fuzzers/targets/range_tree_schema.h"
#include "fuzzers/targets/range_tree_target.h"
#include "tests/sim/corpus_files.h"

namespace anyctx::target {
namespace {

namespace fs = std::filesystem;

class RangeTreeCorpus : public ::testing::Test {
 protected:
  /// Runs a program; a verdict fails the test with its story.
  std::uint64_t run(const program::Program& program) {
    const engine::RunResult result = runner_.run(program);
    if (result.verdict) {
      ADD_FAILURE() << to_text(kRangeTreeSchema, program) << engine::tell_story(runner_, program);
    }
    return result.digest;
  }

  /// Clean, 100 times the same, and all that was decided did happen.
  void expect_steady(const fs::path& path) {
    SCOPED_TRACE(path.filename());
    const program::Program program = test::read_program(kRangeTreeSchema, path);
    const std::uint64_t digest = run(program);
    for (int i = 1; i < 100 && !HasFailure(); ++i) EXPECT_EQ(run(program), digest);
    EXPECT_EQ(runner_.simulation().taken().size(), program.decisions.size());
  }

  engine::Target target_ = range_tree_target();
  engine::Runner runner_{target_};
};

TEST(RangeTreeSchema, IsSound) {
  EXPECT_EQ(program::schema_problem(kRangeTreeSchema), "");
}

TEST_F(RangeTreeCorpus, FilesAreSteady) {
  const std::vector<fs::path> seeds = test::corpus_files("range_tree", "seeds");
  EXPECT_GE(seeds.size(), 8u);
  for (const fs::path& seed : seeds) expect_steady(seed);
  for (const fs::path& program : test::corpus_files("range_tree", "regress"))
    expect_steady(program);
}

TEST_F(RangeTreeCorpus, SeedsPerformEveryOperation) {
  for (const fs::path& seed : test::corpus_files("range_tree", "seeds"))
    run(test::read_program(kRangeTreeSchema, seed));
  for (std::size_t code = 0; code < kRangeTreeSchema.ops.size(); ++code) {
    EXPECT_GT(runner_.op_mix().by_code[code].done, 0u) << kRangeTreeSchema.ops[code].name;
  }
}

TEST_F(RangeTreeCorpus, RandomProgramsAreClean) {
  constexpr int kPrograms = 20000;
  inject::Rng rng(20260101);
  program::Program program = program::generate(kRangeTreeSchema, rng);
  for (int i = 0; i < kPrograms && !HasFailure(); ++i) {
    program = rng.chance(1, 3) ? program::generate(kRangeTreeSchema, rng)
                               : program::mutate(kRangeTreeSchema, program, rng);
    const std::uint64_t digest = run(program);
    if (i % 16 == 0) {
      EXPECT_EQ(run(program), digest) << to_text(kRangeTreeSchema, program);
    }
  }
}

}  // namespace
}  // namespace anyctx::target
