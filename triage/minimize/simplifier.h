// Simplifier: plainer forms of a program with the same operations and decisions: arguments,
// parameters, occurrences, actions, slots and lane numbers.
#pragma once

#include <cstdint>
#include <vector>

#include "triage/minimize/minimizer.h"

namespace anyctx::triage {

class Simplifier {
 public:
  explicit Simplifier(Minimizer& minimizer) : minimizer_(minimizer) {}

  /// True if something became plainer.
  bool simplify();

 private:
  bool params();
  bool args();
  bool decisions();
  bool slots();
  bool lane_numbers();

  Minimizer& minimizer_;
};

/// Values from `plainest` to `value`, in that order, `value` left out: both ends' neighbours and
/// steps that double. Empty if they are equal.
std::vector<std::uint32_t> values_towards(std::uint32_t plainest, std::uint32_t value);

}  // namespace anyctx::triage
