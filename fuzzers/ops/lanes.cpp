#include "fuzzers/ops/lanes.h"

#include <fmt/format.h>

#include <algorithm>

namespace anyctx::program {

std::string lane_name(inject::Lane lane) {
  return fmt::format("{}{}", kLaneNames[static_cast<unsigned>(lane.kind)], lane.index);
}

std::optional<inject::Lane> lane_of_name(std::string_view name) {
  for (unsigned kind = 0; kind < inject::kLaneKinds; ++kind) {
    const std::string_view prefix = kLaneNames[kind];
    if (name.size() != prefix.size() + 1 || !name.starts_with(prefix)) continue;
    const unsigned index = static_cast<unsigned char>(name.back()) - unsigned{'0'};
    if (index >= inject::kMaxLanesPerKind) return std::nullopt;
    return inject::Lane{static_cast<inject::LaneKind>(kind), static_cast<std::uint8_t>(index)};
  }
  return std::nullopt;
}

const LaneOps* find_lane(const Program& program, inject::Lane lane) {
  for (const LaneOps& candidate : program.lanes)
    if (candidate.lane == lane) return &candidate;
  return nullptr;
}

LaneOps* find_lane(Program& program, inject::Lane lane) {
  return const_cast<LaneOps*>(find_lane(static_cast<const Program&>(program), lane));
}

LaneOps& ensure_lane(Program& program, inject::Lane lane) {
  if (LaneOps* found = find_lane(program, lane)) return *found;
  const auto after = std::find_if(program.lanes.begin(), program.lanes.end(),
                                  [&](const LaneOps& other) { return other.lane > lane; });
  return *program.lanes.insert(after, LaneOps{lane, {}});
}

}  // namespace anyctx::program
