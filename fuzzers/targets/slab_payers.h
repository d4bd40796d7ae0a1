// Who pays for memory in the slab target, by the context that asks for it.
#pragma once

#include <cstdint>

#include "inject/choice/decision.h"

namespace anyctx::target {

/// Payers by number; groups of tasks come and go, and each has its payer at a time.
using PayerId = std::uint8_t;
inline constexpr PayerId kNobody = 0xff;
/// How many groups of tasks there are at a time, and how many payers there ever are.
inline constexpr unsigned kPayingGroups = 2;
inline constexpr unsigned kMostPayers = 8;

/// Which group's payer is current in a lane; kPayingGroups: nobody's. Tasks belong to a group;
/// handlers work on behalf of one, or of the system.
inline unsigned paying_group(inject::Lane lane) {
  using inject::LaneKind;
  if (lane.kind == LaneKind::task) return lane.index % kPayingGroups;
  if (lane.kind == LaneKind::work || lane.kind == LaneKind::worker) return kPayingGroups;
  return lane.index % (kPayingGroups + 1);
}

}  // namespace anyctx::target
