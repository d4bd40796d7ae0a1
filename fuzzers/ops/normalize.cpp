#include "fuzzers/ops/normalize.h"

#include <algorithm>

#include "fuzzers/ops/edit.h"
#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/rules.h"

namespace anyctx::program {
namespace {

using inject::Action;
using inject::ActionKind;
using inject::Decision;
using inject::LaneKind;

void normalize_params(const Schema& schema, Program& program) {
  for (std::size_t i = 0; i < kMaxParams; ++i) {
    std::uint32_t& value = program.params[i];
    value = i < schema.params.size() ? bounds(schema.params[i]).clamp(value) : 0;
  }
}

void normalize_op(const OpSpec& spec, Op& op) {
  op.result = spec.has_result ? std::min<std::uint8_t>(op.result, kSlots - 1) : std::uint8_t{0};
  for (std::size_t i = 0; i < kMaxArgs; ++i)
    op.args[i] = i < spec.args.size() ? bounds(spec.args[i]).clamp(op.args[i]) : 0;
}

void sort_and_merge_lanes(Program& program) {
  std::vector<LaneOps> lanes = std::move(program.lanes);
  program.lanes.clear();
  for (LaneOps& lane : lanes) {
    if (lane.lane.index >= max_lanes(lane.lane.kind)) continue;
    std::vector<Op>& ops = ensure_lane(program, lane.lane).ops;
    ops.insert(ops.end(), lane.ops.begin(), lane.ops.end());
  }
}

void normalize_ops(const Schema& schema, Program& program, inject::Lane lane) {
  std::vector<Op>& ops = find_lane(program, lane)->ops;
  for (std::size_t i = 0; i < ops.size();) {
    if (ops[i].code < schema.ops.size() && legal_in(schema.ops[ops[i].code], lane.kind)) {
      normalize_op(schema.ops[ops[i].code], ops[i]);
      ++i;
    } else {
      erase_op(program, lane, i);
    }
  }
  if (ops.size() > kMaxOpsPerLane) ops.resize(kMaxOpsPerLane);
}

void normalize_lanes(const Schema& schema, Program& program) {
  sort_and_merge_lanes(program);
  for (const LaneOps& lane : program.lanes) normalize_ops(schema, program, lane.lane);
  std::erase_if(program.lanes,
                [](const LaneOps& lane) { return is_handler(lane.lane.kind) && lane.ops.empty(); });
  const bool has_task =
      std::any_of(program.lanes.begin(), program.lanes.end(),
                  [](const LaneOps& lane) { return lane.lane.kind == LaneKind::task; });
  if (!has_task) ensure_lane(program, {});
}

/// Fields that a kind of action does not use are zero.
void normalize_action(Action& action, unsigned cpus) {
  const bool uses_lane = action.kind == ActionKind::enter || action.kind == ActionKind::run;
  if (!uses_lane) action.lane = {};
  if (action.kind == ActionKind::migrate)
    action.value = static_cast<std::uint8_t>(action.value % std::max(cpus, 1u));
  else if (action.kind != ActionKind::delay)
    action.value = 0;
}

void normalize_decisions(const Schema& schema, Program& program) {
  const unsigned cpus = cpu_count(schema, program);
  for (Decision& decision : program.decisions) {
    normalize_action(decision.action, cpus);
    decision.occurrence = std::max<std::uint16_t>(decision.occurrence, 1);
    if (decision.where.lane.kind == LaneKind::task) decision.where.entry = 0;
  }
  std::erase_if(program.decisions, [&](const Decision& decision) {
    return !place_problem(schema, program, decision).empty() ||
           !action_problem(schema, program, decision).empty();
  });
  if (program.decisions.size() > kMaxDecisions) program.decisions.resize(kMaxDecisions);
}

void normalize_walk(Walk& walk) {
  if (walk.source == Walk::Source::bytes) {
    if (walk.bytes.size() > kMaxWalkBytes) walk.bytes.resize(kMaxWalkBytes);
    if (walk.bytes.empty()) walk.source = Walk::Source::none;  // no bytes, no decisions
    walk.seed = 0;
  } else {
    walk.bytes.clear();
  }
  if (walk.source != Walk::Source::seed && walk.source != Walk::Source::bytes) walk = Walk{};
  walk.rate = Bounds{1, 65535}.clamp(walk.rate);
}

}  // namespace

void normalize(const Schema& schema, Program& program) {
  normalize_params(schema, program);
  normalize_lanes(schema, program);
  normalize_decisions(schema, program);
  normalize_walk(program.walk);
}

Program empty_program(const Schema& schema) {
  Program program;
  for (std::size_t i = 0; i < schema.params.size(); ++i)
    program.params[i] = schema.params[i].fallback;
  ensure_lane(program, {});
  return program;
}

}  // namespace anyctx::program
