// Crossover: lanes spliced at any operation, with their decisions; parameters and walk of either.

#include <algorithm>

#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/mutate.h"
#include "fuzzers/ops/normalize.h"

namespace anyctx::program {
namespace {

using inject::Decision;
using inject::Lane;
using inject::Rng;

/// Copies the decisions of the operations [from, ...) of a lane; operation `from` becomes `to`.
void copy_decisions(const Program& source, Lane lane, std::size_t from, std::size_t to,
                    Program& target) {
  for (Decision decision : source.decisions) {
    if (decision.where.lane != lane || decision.where.op < from) continue;
    const std::size_t op = decision.where.op - from + to;
    if (op >= kMaxOpsPerLane) continue;
    decision.where.op = static_cast<std::uint8_t>(op);
    target.decisions.push_back(decision);
  }
}

/// A beginning of a lane, continued by an end of the same lane of the other program.
void splice_lane(const LaneOps& tail, const Program& source, Program& target, Rng& rng) {
  std::vector<Op>& ops = ensure_lane(target, tail.lane).ops;
  const std::size_t keep = rng.below(static_cast<std::uint32_t>(ops.size()) + 1);
  const std::size_t from = rng.below(static_cast<std::uint32_t>(tail.ops.size()) + 1);
  ops.resize(keep);
  std::erase_if(target.decisions, [&](const Decision& decision) {
    return decision.where.lane == tail.lane && decision.where.op >= keep;
  });
  ops.insert(ops.end(), tail.ops.begin() + static_cast<std::ptrdiff_t>(from), tail.ops.end());
  copy_decisions(source, tail.lane, from, keep, target);
}

/// Enters what the other program enters, where operations of that number exist.
void copy_entries(Lane handler, const Program& source, Program& target) {
  for (const Decision& decision : source.decisions)
    if (decision.action.kind == inject::ActionKind::enter && decision.action.lane == handler &&
        decision.where.lane != handler)
      target.decisions.push_back(decision);
}

}  // namespace

Program crossover(const Schema& schema, const Program& first, const Program& second, Rng& rng) {
  Program child = first;
  for (const LaneOps& lane : second.lanes) {
    if (!rng.chance(1, 2)) continue;
    splice_lane(lane, second, child, rng);
    if (is_handler(lane.lane.kind) && rng.chance(1, 2)) copy_entries(lane.lane, second, child);
  }
  for (std::size_t i = 0; i < schema.params.size(); ++i)
    if (rng.chance(1, 2)) child.params[i] = second.params[i];
  if (rng.chance(1, 2)) child.walk = second.walk;
  normalize(schema, child);
  return child;
}

}  // namespace anyctx::program
