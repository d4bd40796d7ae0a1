// Walk: takes decisions at points by draws, for runs that are not (only) scripted.
#pragma once

#include <cstdint>
#include <span>

#include "inject/choice/decision.h"
#include "inject/choice/draws.h"

namespace anyctx::inject {

/// About one point in `rate` asks for a decision; there, one legal action is drawn, or none.
class Walk {
 public:
  /// No decisions.
  Walk() = default;
  /// `draws` is not owned; rate >= 1. At most `budget` decisions are taken, so that what a walk
  /// did can be written down within the bounds of whoever records it.
  Walk(Draws* draws, std::uint32_t rate, std::uint32_t budget = UINT32_MAX)
      : draws_(draws), rate_(rate), budget_(budget) {}

  bool active() const { return budget_ != 0 && draws_ != nullptr && !draws_->exhausted(); }

  /// How many points to pass before the next question: 1..2*rate-1, so `rate` on average.
  std::uint32_t gap() { return 1 + draws_->draw(2 * rate_ - 1); }

  /// True once in eight times: for what would shape all that follows.
  bool seldom() { return draws_->draw(8) == 0; }

  /// One of the legal actions, or null: nothing happens here after all.
  const Action* pick(std::span<const Action> legal) {
    const std::uint32_t drawn = draws_->draw(static_cast<std::uint32_t>(legal.size()) + 1);
    if (drawn == 0) return nullptr;
    --budget_;
    return &legal[drawn - 1];
  }

 private:
  Draws* draws_ = nullptr;
  std::uint32_t rate_ = 64;
  std::uint32_t budget_ = 0;
};

}  // namespace anyctx::inject
