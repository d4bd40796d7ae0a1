// Pct: a random schedule with a known chance. Source: Burckhardt, Kothari, Musuvathi, Nagarakatte,
// "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010.
//
// Tasks get random priorities, and the highest one that can run does; at d - 1 random steps of k,
// the running task falls below all others. A bug that needs d ordered switches among n tasks is hit
// in one run with a chance of at least 1 / (n * k^(d-1)).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "inject/choice/decision.h"
#include "inject/choice/rng.h"

namespace anyctx::inject {

class Pct {
 public:
  /// `steps` (k) is an estimate: at least as many as the run will take, for the bound to hold;
  /// `depth` (d) >= 1.
  Pct(std::uint64_t seed, std::uint32_t steps, unsigned depth) {
    Rng rng(seed);
    // Above all that they fall to.
    for (std::size_t i = 0; i < priorities_.size(); ++i) {
      priorities_[i] = depth + static_cast<std::uint32_t>(i);
      std::swap(priorities_[i], priorities_[rng.below(static_cast<std::uint32_t>(i) + 1)]);
    }
    for (unsigned i = 1; i < depth; ++i) changes_.push_back(1 + rng.below(steps));
    std::sort(changes_.begin(), changes_.end());
  }

  /// A step of `running`.
  void step(Lane running) {
    ++steps_;
    while (next_ < changes_.size() && changes_[next_] <= steps_) {
      ++next_;
      priorities_[index_of(running)] = static_cast<std::uint32_t>(changes_.size() - next_);
    }
  }
  /// Greater ones go first. Of tasks and workers.
  std::uint32_t priority(Lane lane) const { return priorities_[index_of(lane)]; }
  std::uint32_t steps() const { return steps_; }

 private:
  static std::size_t index_of(Lane lane) {
    return lane.index + (lane.kind == LaneKind::worker ? kMaxLanesPerKind : 0);
  }

  std::array<std::uint32_t, 2 * kMaxLanesPerKind> priorities_{};
  std::vector<std::uint32_t> changes_;  // steps, ascending
  std::size_t next_ = 0;
  std::uint32_t steps_ = 0;
};

}  // namespace anyctx::inject
