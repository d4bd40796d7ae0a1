// The corpus of the page target replays: the same digest each time, no verdict. And random programs
// with fixed seeds.
#include <gtest/gtest.h>

#include "fuzzers/engine/runner.h"
#include "fuzzers/engine/story.h"
#include "fuzzers/ops/generate.h"
#include "fuzzers/ops/mutate.h"
#include "fuzzers/ops/points.h"
#include "fuzzers/ops/text.h"
#include "fuzzers/targets/page_target.h"
#include "lib/page/sites.h"
#include "tests/sim/corpus_files.h"

namespace anyctx::target {
namespace {

constexpr unsigned kReplays = 100;
constexpr std::uint64_t kRandomPrograms = 3000;

const engine::Target& target() {
  static const engine::Target target = page_target();
  return target;
}

void replay(const std::filesystem::path& path, engine::Runner& runner) {
  SCOPED_TRACE(path.filename().string());
  const program::Program program = test::read_program(*target().schema, path);
  const engine::RunResult first = runner.run(program);
  ASSERT_FALSE(first.verdict) << engine::tell_story(runner, program);
  EXPECT_EQ(runner.simulation().taken().size(), program.decisions.size())
      << "a decision was not taken";
  for (unsigned i = 1; i < kReplays; ++i) ASSERT_EQ(runner.run(program).digest, first.digest);
}

TEST(PageSeeds, ReplayWithOneDigest) {
  const auto files = test::corpus_files("page", "seeds");
  ASSERT_GE(files.size(), 12u);
  engine::Runner runner(target());
  for (const auto& path : files) replay(path, runner);
  for (const auto& path : test::corpus_files("page", "regress")) replay(path, runner);
}

/// What the seeds do not reach, a mutator has to find from nothing.
TEST(PageSeeds, ReachEveryPointOfThePageAllocator) {
  engine::Runner runner(target());
  for (const auto& path : test::corpus_files("page", "seeds"))
    runner.run(test::read_program(*target().schema, path));
  const inject::Stats& stats = runner.simulation().stats();
  for (const machine::SiteInfo& info : page::site::kTable) {
    if (info.site == page::site::leaked) continue;  // follows a report
    for (unsigned verb = 0; verb < machine::kVerbsPerSite; ++verb) {
      if ((info.verbs >> verb & 1) == 0) continue;
      const unsigned point = info.site.id * machine::kVerbsPerSite + verb;
      std::uint64_t visits = 0;
      for (const auto& context : stats.reached) visits += context[point];
      EXPECT_GT(visits, 0u) << program::point_name(*target().schema,
                                                   static_cast<machine::PointId>(point));
    }
  }
}

TEST(PagePrograms, RandomOnesComeToNoVerdict) {
  engine::Runner runner(target());
  for (std::uint64_t seed = 0; seed < kRandomPrograms; ++seed) {
    inject::Rng rng(seed);
    program::Program program = program::generate(*target().schema, rng);
    if (rng.chance(1, 2)) program = program::mutate(*target().schema, program, rng);
    const engine::RunResult result = runner.run(program);
    ASSERT_FALSE(result.verdict) << "seed " << seed << "\n" << engine::tell_story(runner, program);
    ASSERT_EQ(runner.run(program).digest, result.digest) << "seed " << seed;
  }
}

}  // namespace
}  // namespace anyctx::target
