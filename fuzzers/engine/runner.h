// Runner: runs programs of one target, one after the other, on one simulated machine.
#pragma once

#include <array>
#include <bitset>
#include <memory>
#include <optional>
#include <vector>

#include "fuzzers/engine/comparer.h"
#include "fuzzers/engine/target.h"
#include "inject/choice/draws.h"

namespace anyctx::engine {

/// How often each operation of a schema was performed, failed, and had nothing to act on.
struct OpMix {
  struct Count {
    std::uint64_t done = 0;
    std::uint64_t failed = 0;
    std::uint64_t vacuous = 0;
    std::uint32_t most_steps = 0;  // nolock operations: own steps, of any that came to its end
  };
  std::vector<Count> by_code;
};

/// What one run came to. The digest is the same on every run of the same program, with every
/// compiler and optimisation level.
struct RunResult {
  std::optional<inject::Verdict> verdict;
  std::uint64_t digest = 0;
  // Of a program that asks for another subject's answers, if this one had no verdict of its own.
  std::optional<Compared> compared;
};

class Runner final : private inject::HandlerRunner {
 public:
  /// Throws std::bad_alloc if the machine's memory cannot be had.
  explicit Runner(const Target& target);
  ~Runner() override;

  /// The program must be normal.
  RunResult run(const program::Program& program,
                inject::Recording recording = inject::Recording::decisions);

  /// Runs from now on are scheduled so; none: by the program alone.
  void schedule_by(std::optional<inject::Pct> pct) { schedule_ = std::move(pct); }
  /// Of the last run, if it was scheduled so.
  std::uint32_t steps() const { return pct_ ? pct_->steps() : 0; }

  /// The last run's program with everything its walk decided written out as decisions.
  program::Program recorded() const;

  /// Where in the code under test the last run was, if it recorded events, and that is known.
  std::vector<inject::CodeStack> stacks() const;

  const Target& target() const { return target_; }
  inject::Simulation& simulation() { return simulation_; }
  const OpMix& op_mix() const { return mix_; }
  const CompareCount& compare_count() const { return compared_; }
  /// Begins to count anew, for op_mix(), compare_count() and the simulation's statistics.
  void clear_counts();

 private:
  RunResult run_alone(const program::Program& program, inject::Recording recording);
  void find_reference();
  bool asks_reference(const program::Program& program) const;
  void ask_reference(const program::Program& program, RunResult& result);
  void run_handler(inject::Lane lane, std::uint16_t entry) override;
  void run_lane(const program::LaneOps& ops, std::uint16_t entry);
  void start_draws(const program::Walk& walk);
  inject::Walk make_walk(std::uint32_t rate, std::uint32_t budget);

  const Target& target_;
  inject::Memory memory_;
  inject::Simulation simulation_;
  std::unique_ptr<World> world_;
  OpMix mix_;
  CompareCount compared_;
  std::optional<Target> reference_target_;
  std::unique_ptr<Runner> reference_;
  std::bitset<machine::kMaxSites> only_here_;  // sites that the reference has not
  bool compares_ = false;

  const program::Program* program_ = nullptr;
  std::array<std::array<const program::LaneOps*, inject::kMaxLanesPerKind>, inject::kLaneKinds>
      lanes_{};
  inject::Script script_;
  std::optional<inject::RandomDraws> random_;
  std::optional<inject::BytesDraws> bytes_;
  std::optional<inject::Pct> schedule_;  // as each run begins with it
  std::optional<inject::Pct> pct_;
};

}  // namespace anyctx::engine
