// Sweeper: runs the units of plans, and counts.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "fuzzers/sweep/plan.h"

namespace anyctx::sweep {

struct Tally {
  struct Count {
    std::uint64_t visited = 0;    // the decision was taken
    std::uint64_t not_taken = 0;  // it was not: its point was not reached, or it was not legal
    std::uint64_t equal = 0;      // not run: known to be the same run as another one
  };
  std::array<Count, kCategories> by_category{};
  Count pairs;
  std::uint64_t pairs_possible = 0;
  std::array<Count, kMaxSwitches> schedules{};  // with one switch, two, ..
  std::uint64_t runs = 0;
  LeftOut left_out;
};

/// A verdict that a run came to.
struct Hit {
  inject::Verdict verdict;
  std::string operation;     // that it is about; empty outside of operations
  program::Program program;  // as it was run
  std::uint64_t runs = 1;    // that came to the same
};

/// True if both are of the same kind, rule and operation.
bool same(const Hit& left, const Hit& right);

struct Batch {
  Tally tally;
  std::vector<Hit> hits;  // one for each that is different
};

class Sweeper {
 public:
  Sweeper(const engine::Target& target, const Options& options);

  /// What a program's walk would decide is decided by its record.
  Plan plan(const program::Program& program);

  /// Asked before each run: the n-th one of this unit, from 1. False: it is left out.
  using Ask = std::function<bool(std::size_t unit, std::size_t n, const program::Program& program)>;

  /// Runs the units from `first` on that are before `last`.
  void run(const Plan& plan, std::size_t first, std::size_t last, Batch& batch,
           const Ask& ask = {});

  /// Runs a program without any decision more.
  void run(const program::Program& program, Batch& batch);

  engine::Runner& runner() { return runner_; }

 private:
  bool run_one(const program::Program& program, const inject::Decision& decision,
               Tally::Count& count, Batch& batch,
               inject::Recording recording = inject::Recording::decisions);
  void run_fault(program::Program& program, Batch& batch);
  void run_single(program::Program& program, Batch& batch);
  void run_pairs(const program::Program& program, Batch& batch);
  void run_schedules(const Plan& plan, const Unit& unit, Batch& batch);
  bool ran(const program::Program& program, const engine::RunResult& result, Batch& batch);
  std::uint64_t injected(machine::PointId point);

  Options options_;
  engine::Runner runner_;
  NestedLibrary library_;
  std::uint64_t pairs_each_ = 0;  // second decisions for each first one
  std::uint64_t turn_ = 0;
  std::size_t unit_ = 0;
  std::size_t runs_ = 0;  // of this unit
  const Ask* ask_ = nullptr;
};

}  // namespace anyctx::sweep
