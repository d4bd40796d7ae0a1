// Changes of operations. Decisions stay with the operation that they were made for.

#include <algorithm>

#include "fuzzers/ops/choose.h"
#include "fuzzers/ops/edit.h"
#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/mutation.h"

namespace anyctx::program {
namespace {

using inject::Lane;

std::uint32_t size(const std::vector<Op>& ops) {
  return static_cast<std::uint32_t>(ops.size());
}

LaneOps& choose_lane(Mutation& m) {
  return m.program.lanes[m.rng.below(static_cast<std::uint32_t>(m.program.lanes.size()))];
}

/// Some operation of the program; null, and no lane, if there are none.
Op* choose_existing(Mutation& m, inject::OpRef& where) {
  const auto place = choose_place(m.program, m.rng);
  if (!place) return nullptr;
  where = *place;
  return &find_lane(m.program, place->lane)->ops[place->op];
}

bool insert(Mutation& m) {
  const LaneOps& lane = choose_lane(m);
  if (lane.ops.size() >= kMaxOpsPerLane) return false;
  const Keep keep = is_handler(lane.lane.kind) && m.rng.chance(1, 2) ? Keep::yes : Keep::no;
  const auto op = choose_op(m.schema, m.swarm, m.program, lane.lane.kind, keep, m.rng);
  if (!op) return false;
  insert_op(m.program, lane.lane, m.rng.below(size(lane.ops) + 1), *op);
  return true;
}

bool erase(Mutation& m) {
  const auto place = choose_place(m.program, m.rng);
  if (!place) return false;
  erase_op(m.program, place->lane, place->op);
  return true;
}

/// A copy behind the original, or several: lists and caches have to be filled.
bool duplicate(Mutation& m) {
  inject::OpRef where;
  const Op* op = choose_existing(m, where);
  if (op == nullptr) return false;
  const Op copy = *op;
  const std::vector<Op>& ops = find_lane(m.program, where.lane)->ops;
  const std::uint32_t copies = m.rng.chance(1, 4) ? 2 + m.rng.below(6) : 1;
  for (std::uint32_t i = 0; i < copies && ops.size() < kMaxOpsPerLane; ++i)
    insert_op(m.program, where.lane, where.op + std::size_t{1}, copy);
  return true;
}

bool swap(Mutation& m) {
  const LaneOps& lane = choose_lane(m);
  if (lane.ops.size() < 2) return false;
  const std::uint32_t first = m.rng.below(size(lane.ops));
  const std::uint32_t second = m.rng.below(size(lane.ops));
  swap_ops(m.program, lane.lane, first, second);
  return first != second;
}

bool move(Mutation& m) {
  inject::OpRef where;
  const Op* op = choose_existing(m, where);
  if (op == nullptr) return false;
  const LaneOps& to = choose_lane(m);
  const bool legal = legal_in(m.schema.ops[op->code], to.lane.kind);
  if (!legal || to.lane == where.lane || to.ops.size() >= kMaxOpsPerLane) return false;
  move_op(m.program, where.lane, where.op, to.lane, m.rng.below(size(to.ops) + 1));
  return true;
}

bool replace(Mutation& m) {
  inject::OpRef where;
  Op* op = choose_existing(m, where);
  if (op == nullptr) return false;
  const auto other = choose_op(m.schema, m.swarm, m.program, where.lane.kind, Keep::no, m.rng);
  if (!other) return false;
  *op = *other;
  return true;
}

/// The same value as elsewhere in the program, a step away, or another interesting one.
std::uint32_t change_value(Mutation& m, const Op& op, std::size_t index, inject::LaneKind kind) {
  const ArgSpec& spec = m.schema.ops[op.code].args[index];
  const std::uint32_t value = op.args[index];
  const Bounds range = bounds(spec);
  if (spec.kind == ArgKind::flags && !spec.words.empty() && m.rng.chance(1, 2))
    return value ^ 1u << m.rng.below(static_cast<std::uint32_t>(spec.words.size()));
  const bool ordered = spec.kind == ArgKind::number || spec.kind == ArgKind::choice;
  if (ordered && m.rng.chance(1, 3)) {
    const std::uint32_t step = 1u << m.rng.below(4);
    return range.clamp(m.rng.chance(1, 2) ? value + step : value - std::min(step, value));
  }
  if (m.rng.chance(1, 4)) {
    inject::OpRef where;
    const Op* other = choose_existing(m, where);
    if (other != nullptr && other->code == op.code) return other->args[index];
  }
  return choose_arg(spec, slots_to_take(m.schema, m.program, spec, kind), m.rng);
}

bool change_arg(Mutation& m) {
  inject::OpRef where;
  Op* op = choose_existing(m, where);
  if (op == nullptr) return false;
  const auto args = static_cast<std::uint32_t>(m.schema.ops[op->code].args.size());
  if (args == 0) return false;
  const std::uint32_t index = m.rng.below(args);
  const std::uint32_t before = op->args[index];
  op->args[index] = change_value(m, *op, index, where.lane.kind);
  return op->args[index] != before;
}

/// Results go to, and arguments come from, a slot that another operation uses.
bool change_slot(Mutation& m) {
  inject::OpRef where;
  Op* op = choose_existing(m, where);
  if (op == nullptr) return false;
  const OpSpec& spec = m.schema.ops[op->code];
  const std::uint32_t slots = slots_with_results(m.schema, m.program);
  const ArgSpec slot{.name = "", .kind = ArgKind::slot};
  const Op before = *op;
  if (spec.has_result) op->result = static_cast<std::uint8_t>(choose_arg(slot, slots, m.rng));
  for (std::size_t i = 0; i < spec.args.size(); ++i)
    if (spec.args[i].kind == ArgKind::slot) op->args[i] = choose_arg(slot, slots, m.rng);
  return *op != before;
}

constexpr MutationKind kOpKinds[] = {
    {8, insert}, {4, erase},   {2, duplicate},  {2, swap},
    {1, move},   {2, replace}, {6, change_arg}, {3, change_slot},
};

}  // namespace

std::span<const MutationKind> op_mutations() {
  return kOpKinds;
}

}  // namespace anyctx::program
