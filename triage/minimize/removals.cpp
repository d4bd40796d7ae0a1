#include "triage/minimize/removals.h"

#include <algorithm>

#include "fuzzers/ops/edit.h"
#include "fuzzers/ops/lanes.h"

namespace anyctx::triage {

using inject::Decision;
using inject::Lane;
using program::LaneOps;
using program::Program;

std::vector<OpPlace> op_places(const Program& program) {
  std::vector<OpPlace> places;
  for (const LaneOps& lane : program.lanes) {
    for (std::size_t i = 0; i < lane.ops.size(); ++i) places.push_back({lane.lane, i});
  }
  return places;
}

Program without_ops(const Program& program, std::size_t begin, std::size_t end) {
  const std::vector<OpPlace> places = op_places(program);
  Program smaller = program;
  for (std::size_t i = end; i-- > begin;) {
    program::erase_op(smaller, places[i].lane, places[i].position);
  }
  return smaller;
}

Program without_op_but_decisions(const Program& program, const OpPlace& place) {
  Program smaller = program;
  std::vector<program::Op>& ops = program::find_lane(smaller, place.lane)->ops;
  if (ops.size() < 2) return smaller;
  const bool last = place.position + 1 == ops.size();
  ops.erase(ops.begin() + static_cast<std::ptrdiff_t>(place.position));
  for (Decision& decision : smaller.decisions) {
    if (decision.where.lane != place.lane) continue;
    // Those of the operation stay at its number, which the next one has now.
    if (decision.where.op > place.position || (last && decision.where.op == place.position))
      --decision.where.op;
  }
  return smaller;
}

Program without_decisions(const Program& program, std::size_t begin, std::size_t end) {
  Program smaller = program;
  smaller.decisions.erase(smaller.decisions.begin() + static_cast<std::ptrdiff_t>(begin),
                          smaller.decisions.begin() + static_cast<std::ptrdiff_t>(end));
  return smaller;
}

Program with_lanes_merged(const Program& program, Lane from, Lane into, bool behind) {
  Program merged = program;
  const std::size_t count = program::find_lane(merged, from)->ops.size();
  std::size_t at = behind ? program::find_lane(merged, into)->ops.size() : 0;
  for (std::size_t i = 0; i < count; ++i) program::move_op(merged, from, 0, into, at++);
  program::erase_lane(merged, from);
  return merged;
}

Program with_lane_renamed(const Program& program, Lane from, Lane to) {
  Program renamed = program;
  program::find_lane(renamed, from)->lane = to;
  for (Decision& decision : renamed.decisions) {
    if (decision.where.lane == from) decision.where.lane = to;
    const inject::ActionKind kind = decision.action.kind;
    const bool names_lane = kind == inject::ActionKind::enter || kind == inject::ActionKind::run;
    if (names_lane && decision.action.lane == from) decision.action.lane = to;
  }
  std::sort(renamed.lanes.begin(), renamed.lanes.end(),
            [](const LaneOps& left, const LaneOps& right) { return left.lane < right.lane; });
  return renamed;
}

}  // namespace anyctx::triage
