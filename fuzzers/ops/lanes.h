// Lanes: their names, and the lanes of a program.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fuzzers/ops/program.h"

namespace anyctx::program {

/// Printed names of lane kinds, by LaneKind.
inline constexpr std::string_view kLaneNames[inject::kLaneKinds] = {
    "task", "nmi", "irq", "softirq", "reentry", "work", "worker",
};

/// "task0".
std::string lane_name(inject::Lane lane);

/// The inverse of lane_name(); none if `name` is not a lane or its index is not representable.
std::optional<inject::Lane> lane_of_name(std::string_view name);

/// How many lanes of a kind a program may have; 0 for kinds that hold no operations.
constexpr unsigned max_lanes(inject::LaneKind kind) {
  switch (kind) {
    case inject::LaneKind::task:
      return kMaxTasks;
    case inject::LaneKind::nmi:
    case inject::LaneKind::irq:
    case inject::LaneKind::softirq:
    case inject::LaneKind::reentry:
      return kMaxHandlersPerKind;
    case inject::LaneKind::work:
    case inject::LaneKind::worker:
      return 0;
  }
  return 0;
}

/// True for lanes that run only when something enters them.
constexpr bool is_handler(inject::LaneKind kind) {
  return kind != inject::LaneKind::task && max_lanes(kind) != 0;
}

/// How many of them random search makes: sweeps add one to what it found.
constexpr unsigned searched_lanes(inject::LaneKind kind) {
  return is_handler(kind) ? kMaxHandlersPerKind - 1 : max_lanes(kind);
}

/// The operations of a lane; null if the program has no such lane.
const LaneOps* find_lane(const Program& program, inject::Lane lane);
LaneOps* find_lane(Program& program, inject::Lane lane);

/// The operations of a lane, which is created at its place in the order if it is missing.
LaneOps& ensure_lane(Program& program, inject::Lane lane);

}  // namespace anyctx::program
