// Schedule ends: what all schedules of a program come to, for tests that compare sets of them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "fuzzers/sweep/schedule_tree.h"

namespace anyctx::sweep {

struct Explored {
  std::set<std::string> ends;       // the verdict and the result of each operation
  std::set<std::string> verdicts;   // their rules
  std::vector<std::uint64_t> run;   // by number of switches
  std::vector<std::uint64_t> same;  // not run

  std::uint64_t runs() const { return std::accumulate(run.begin(), run.end(), std::uint64_t{0}); }
};

inline Explored explore(const engine::Target& target, const program::Program& program,
                        unsigned switches, bool reduce) {
  engine::Runner runner(target);
  Explored explored;
  explored.run.assign(switches + 1, 0);
  explored.same.assign(switches + 1, 0);
  const auto note = [&](const engine::RunResult& result) {
    std::map<inject::OpRef, std::uint64_t> results;
    for (const inject::Event& event : runner.simulation().events()) {
      if (event.kind == inject::EventKind::op_end) results[event.where] = event.value;
    }
    std::string end = result.verdict ? result.verdict->rule : std::string();
    for (const auto& [where, value] : results) end += " " + std::to_string(value);
    explored.ends.insert(end);
    if (result.verdict) explored.verdicts.insert(result.verdict->rule);
    return !result.verdict;
  };
  ScheduleTree tree(runner, program, switches, reduce);
  note(runner.run(program, inject::Recording::switches));
  for (const ScheduleTree::Row& row : tree.rows()) {
    tree.explore(
        row,
        [&](const program::Program& switched, const inject::Decision& last, unsigned n) {
          ++explored.run[n];
          const bool goes_on = note(runner.run(switched, inject::Recording::switches));
          const inject::Decisions& taken = runner.simulation().taken();
          EXPECT_NE(std::ranges::find(taken, last), taken.end());
          return goes_on;
        },
        [&](unsigned n) { ++explored.same[n]; });
  }
  return explored;
}

}  // namespace anyctx::sweep
