// Schedules that are not run, because they are the same as others: on seeds of every target, what
// is left comes to the same results and verdicts.
#include "fuzzers/sweep/survey.h"
#include "fuzzers/targets/registry.h"
#include "tests/cli/schedule_ends.h"
#include "tests/sim/corpus_files.h"

namespace anyctx::sweep {
namespace {

constexpr std::uint64_t kMostRuns = 150;  // of a seed, so that this stays short

TEST(Schedules, OneSwitchInSeedsComesToTheSameEnds) {
  unsigned seeds = 0;
  std::uint64_t all_runs = 0;
  std::uint64_t reduced_runs = 0;
  for (const engine::Target& target : target::all_targets()) {
    engine::Runner runner(target);
    for (const auto& file : test::corpus_files(target.name(), "seeds")) {
      const program::Program program = test::read_program(*target.schema, file);
      if (program.walk.source != program::Walk::Source::none) continue;
      const Survey seen = survey(runner, program, 0);
      const auto has_other = [](const Place& place) {
        return (place.choices.tasks | place.choices.workers) != 0;
      };
      const auto stops = std::ranges::count_if(seen.places, has_other);
      if (stops == 0 || static_cast<std::uint64_t>(stops) > kMostRuns) continue;
      ++seeds;
      const Explored all = explore(target, program, 1, false);
      const Explored reduced = explore(target, program, 1, true);
      EXPECT_EQ(reduced.ends, all.ends) << file;
      EXPECT_EQ(reduced.run[1] + reduced.same[1], all.run[1]) << file;
      all_runs += all.runs();
      reduced_runs += reduced.runs();
    }
  }
  EXPECT_GT(seeds, 20u);
  EXPECT_LT(reduced_runs, all_runs * 9 / 10);
}

}  // namespace
}  // namespace anyctx::sweep
