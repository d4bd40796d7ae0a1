// Feedback: tells an engine about states, besides code coverage: which fault point was reached,
// failed by decision or failed by itself in which context, and what was decided at which point.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fuzzers/ops/schema.h"
#include "inject/choice/decision.h"
#include "inject/sim/stats.h"

namespace anyctx::engine {

/// Room for the counters of any target.
inline constexpr std::size_t kStateCounters = 8192;

class Feedback {
 public:
  /// `counters` are read by the engine after each run and zeroed before the next one; they must
  /// have room for every listed point (checked).
  Feedback(const program::Schema& schema, std::span<std::uint8_t> counters);

  /// Sets the counters of what happened since the last call. `stats` must be the same object each
  /// time.
  void report(const inject::Stats& stats, const inject::Decisions& taken);

  /// Leaves what happened since the last call out of the next report.
  void skip(const inject::Stats& stats);

 private:
  enum Outcome : unsigned { kReached, kInjected, kFailed, kOutcomes };
  // Handlers count by kind of lane; other actions by kind of action.
  static constexpr unsigned kDecisions = inject::kActionKinds + inject::kLaneKinds;
  static constexpr unsigned kPerPoint = inject::kContexts * kOutcomes + kDecisions;

  bool changed(std::uint64_t now, std::uint64_t& before);
  void report_decision(const inject::Decision& decision);

  std::span<std::uint8_t> counters_;
  std::vector<machine::PointId> points_;
  std::vector<std::uint16_t> index_;   // of each PointId in points_, or points_.size()
  std::vector<std::uint64_t> before_;  // by index, context, outcome
};

}  // namespace anyctx::engine
