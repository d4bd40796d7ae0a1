// Changes of what surrounds the operations: parameters, lanes, the walk.

#include <algorithm>

#include "fuzzers/ops/choose.h"
#include "fuzzers/ops/edit.h"
#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/mutation.h"

namespace anyctx::program {
namespace {

using inject::Lane;
using inject::LaneKind;

std::uint32_t choose_param(Mutation& m) {
  return m.rng.below(static_cast<std::uint32_t>(m.schema.params.size()));
}

bool change_param(Mutation& m) {
  if (m.schema.params.empty()) return false;
  const std::uint32_t index = choose_param(m);
  const std::uint32_t before = m.program.params[index];
  m.program.params[index] = choose_number(bounds(m.schema.params[index]), m.rng);
  return m.program.params[index] != before;
}

bool reset_param(Mutation& m) {
  if (m.schema.params.empty()) return false;
  const std::uint32_t index = choose_param(m);
  const std::uint32_t before = m.program.params[index];
  m.program.params[index] = m.schema.params[index].fallback;
  return m.program.params[index] != before;
}

/// A lane that is not there yet, with one operation.
bool create_lane(Mutation& m) {
  constexpr LaneKind kinds[] = {LaneKind::nmi,  LaneKind::nmi,     LaneKind::irq,
                                LaneKind::task, LaneKind::softirq, LaneKind::reentry};
  const LaneKind kind = kinds[m.rng.below(std::size(kinds))];
  const Lane lane{kind, static_cast<std::uint8_t>(m.rng.below(searched_lanes(kind)))};
  if (find_lane(m.program, lane) != nullptr) return false;
  const Keep keep = m.rng.chance(1, 2) ? Keep::yes : Keep::no;
  const auto op = choose_op(m.schema, m.swarm, m.program, kind, keep, m.rng);
  if (!op) return false;
  ensure_lane(m.program, lane).ops.push_back(*op);
  return true;
}

bool remove_lane(Mutation& m) {
  if (m.program.lanes.size() < 2) return false;
  const std::uint32_t index = m.rng.below(static_cast<std::uint32_t>(m.program.lanes.size()));
  const Lane lane = m.program.lanes[index].lane;
  // Tasks come first, and one of them has to stay.
  const bool several_tasks = m.program.lanes[1].lane.kind == LaneKind::task;
  if (lane.kind == LaneKind::task && !several_tasks) return false;
  erase_lane(m.program, lane);
  return true;
}

bool reseed_walk(Mutation& m) {
  const bool keep_rate = m.program.walk.source != Walk::Source::none && m.rng.chance(1, 2);
  const std::uint32_t rate = m.program.walk.rate;
  m.program.walk = choose_walk(m.rng);
  if (keep_rate) m.program.walk.rate = rate;
  return true;
}

bool change_rate(Mutation& m) {
  Walk& walk = m.program.walk;
  if (walk.source == Walk::Source::none) return false;
  const std::uint32_t before = walk.rate;
  walk.rate = Bounds{1, 65535}.clamp(m.rng.chance(1, 2) ? before * 2 : before / 2);
  return walk.rate != before;
}

bool drop_walk(Mutation& m) {
  if (m.program.walk.source == Walk::Source::none) return false;
  m.program.walk = Walk{};
  return true;
}

/// Changes or appends a few bytes; a walk without bytes gets some.
bool change_walk_bytes(Mutation& m) {
  Walk& walk = m.program.walk;
  const bool append = walk.bytes.empty() || m.rng.chance(1, 2);
  const std::uint32_t count = 1 + m.rng.below(8);
  walk.source = Walk::Source::bytes;
  walk.seed = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto byte = static_cast<std::uint8_t>(m.rng.below(256));
    if (append)
      walk.bytes.push_back(byte);
    else
      walk.bytes[m.rng.below(static_cast<std::uint32_t>(walk.bytes.size()))] = byte;
  }
  return true;
}

constexpr MutationKind kMachineKinds[] = {
    {2, change_param}, {1, reset_param}, {3, create_lane}, {1, remove_lane},
    {2, reseed_walk},  {1, change_rate}, {2, drop_walk},   {1, change_walk_bytes},
};

}  // namespace

std::span<const MutationKind> machine_mutations() {
  return kMachineKinds;
}

}  // namespace anyctx::program
