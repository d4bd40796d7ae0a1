#include "fuzzers/ops/edit.h"

#include "fuzzers/ops/lanes.h"

namespace anyctx::program {
namespace {

using inject::Decision;
using inject::Lane;

bool names(const inject::Action& action, Lane lane) {
  const bool uses_lane =
      action.kind == inject::ActionKind::enter || action.kind == inject::ActionKind::run;
  return uses_lane && action.lane == lane;
}

/// Renumbers the operation of each decision of `lane` from `position` on.
void shift(Program& program, Lane lane, std::size_t position, int by) {
  for (Decision& decision : program.decisions)
    if (decision.where.lane == lane && decision.where.op >= position)
      decision.where.op = static_cast<std::uint8_t>(decision.where.op + by);
}

}  // namespace

void insert_op(Program& program, Lane lane, std::size_t position, const Op& op) {
  std::vector<Op>& ops = find_lane(program, lane)->ops;
  ops.insert(ops.begin() + static_cast<std::ptrdiff_t>(position), op);
  shift(program, lane, position, 1);
}

void erase_op(Program& program, Lane lane, std::size_t position) {
  std::vector<Op>& ops = find_lane(program, lane)->ops;
  ops.erase(ops.begin() + static_cast<std::ptrdiff_t>(position));
  std::erase_if(program.decisions, [&](const Decision& decision) {
    return decision.where.lane == lane && decision.where.op == position;
  });
  shift(program, lane, position, -1);
}

void swap_ops(Program& program, Lane lane, std::size_t first, std::size_t second) {
  std::vector<Op>& ops = find_lane(program, lane)->ops;
  std::swap(ops[first], ops[second]);
  for (Decision& decision : program.decisions) {
    if (decision.where.lane != lane) continue;
    if (decision.where.op == first)
      decision.where.op = static_cast<std::uint8_t>(second);
    else if (decision.where.op == second)
      decision.where.op = static_cast<std::uint8_t>(first);
  }
}

void move_op(Program& program, Lane from, std::size_t position, Lane to, std::size_t new_position) {
  inject::Decisions moving;
  for (const Decision& decision : program.decisions)
    if (decision.where.lane == from && decision.where.op == position) moving.push_back(decision);
  const Op op = find_lane(program, from)->ops[position];
  erase_op(program, from, position);
  insert_op(program, to, new_position, op);
  for (Decision& decision : moving) {
    decision.where = {to, static_cast<std::uint8_t>(new_position), 0};
    program.decisions.push_back(decision);
  }
}

void erase_lane(Program& program, Lane lane) {
  std::erase_if(program.lanes, [&](const LaneOps& ops) { return ops.lane == lane; });
  std::erase_if(program.decisions, [&](const Decision& decision) {
    return decision.where.lane == lane || names(decision.action, lane);
  });
}

}  // namespace anyctx::program
