#include "fuzzers/ops/collision.h"

#include <algorithm>

#include "fuzzers/ops/choose.h"
#include "fuzzers/ops/edit.h"
#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/visits.h"

namespace anyctx::program {
namespace {

using inject::Lane;
using inject::LaneKind;

constexpr std::uint32_t kMostOps = 3;

/// The arguments of `op` that the host has as well, by name and kind, become the host's.
void share_args(Mutation& m, const Op& host, Op& op) {
  const std::span<const ArgSpec> from = m.schema.ops[host.code].args;
  const std::span<const ArgSpec> to = m.schema.ops[op.code].args;
  for (std::size_t i = 0; i < to.size(); ++i) {
    const auto same = std::ranges::find_if(
        from, [&](const ArgSpec& arg) { return arg.name == to[i].name && arg.kind == to[i].kind; });
    if (same == from.end()) continue;
    op.args[i] = bounds(to[i]).clamp(host.args[static_cast<std::size_t>(same - from.begin())]);
  }
}

/// A task that is not the host: a new one, or one that forgets what it did.
Lane clear_task(Mutation& m, Lane host) {
  Lane lane{LaneKind::task, 0};
  while (lane == host || (lane.index + 1u < kMaxTasks && find_lane(m.program, lane) != nullptr &&
                          m.rng.chance(1, 2))) {
    lane.index = static_cast<std::uint8_t>((lane.index + 1) % kMaxTasks);
  }
  if (find_lane(m.program, lane) != nullptr) erase_lane(m.program, lane);
  ensure_lane(m.program, lane);
  return lane;
}

}  // namespace

bool collide(Mutation& m) {
  if (m.program.decisions.size() >= kMaxDecisions) return false;
  auto decision = choose_visit(m);
  if (!decision || decision->where.lane.kind != LaneKind::task) return false;
  const Op host = find_lane(m.program, decision->where.lane)->ops[decision->where.op];
  std::vector<Op> ops;
  for (std::uint32_t count = 1 + m.rng.below(kMostOps); count > 0; --count) {
    auto op = choose_op(m.schema, m.swarm, m.program, LaneKind::task, Keep::no, m.rng);
    if (!op) return false;
    if (ops.empty() || m.rng.chance(1, 2)) share_args(m, host, *op);
    ops.push_back(*op);
  }
  decision->action = {inject::ActionKind::run, clear_task(m, decision->where.lane), 0};
  find_lane(m.program, decision->action.lane)->ops = std::move(ops);
  m.program.decisions.push_back(*decision);
  return true;
}

}  // namespace anyctx::program
