// ActionMenu: the actions that are legal at one place, to choose from.
#pragma once

#include <array>
#include <span>

#include "fuzzers/ops/program.h"

namespace anyctx::program {

class ActionMenu {
 public:
  /// Everything legal for a decision at this operation and point, which must be legal. Each lane
  /// and CPU is an entry of its own; a delay is one entry, with value 0.
  ActionMenu(const Schema& schema, const Program& program, const inject::OpRef& where,
             machine::PointId point);

  /// Never empty: a CPU may stall anywhere.
  std::span<const inject::Action> actions() const { return {actions_.data(), count_}; }

 private:
  void offer(const Schema& schema, const Program& program, inject::Decision& decision,
             const inject::Action& action);

  static constexpr std::size_t kMost =
      4 + kMaxTasks + (inject::kLaneKinds - 3) * kMaxHandlersPerKind + 2 * inject::kMaxLanesPerKind;
  std::array<inject::Action, kMost> actions_;
  std::size_t count_ = 0;
};

}  // namespace anyctx::program
