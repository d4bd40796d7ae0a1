#include "triage/minimize/cost.h"

#include <algorithm>
#include <bit>

namespace anyctx::triage {
namespace {

using program::ArgKind;
using program::ArgSpec;
using program::LaneOps;
using program::Program;
using program::Schema;

std::uint64_t distance(std::uint32_t left, std::uint32_t right) {
  return left < right ? right - left : left - right;
}

std::uint64_t params_cost(const Schema& schema, const Program& program) {
  constexpr std::uint64_t kNotDefault = std::uint64_t{1} << 33;
  std::uint64_t cost = 0;
  for (std::size_t i = 0; i < schema.params.size(); ++i) {
    const std::uint64_t away = distance(program.params[i], schema.params[i].fallback);
    if (away != 0) cost += kNotDefault + away;
  }
  return cost;
}

std::uint64_t walk_cost(const program::Walk& walk) {
  constexpr std::uint64_t kWalk = std::uint64_t{1} << 32;  // hides any number of decisions
  return walk.source == program::Walk::Source::none ? 0 : kWalk + walk.bytes.size();
}

std::uint64_t decision_cost(const inject::Decision& decision) {
  std::uint64_t cost = decision.occurrence + std::uint64_t{8} * decision.where.entry;
  if (decision.action.kind == inject::ActionKind::fail_sticky) ++cost;
  if (decision.action.kind == inject::ActionKind::delay) cost += decision.action.value;
  return cost;
}

}  // namespace

std::uint64_t arg_cost(const ArgSpec& spec, std::uint32_t value) {
  if (spec.optional && value == spec.fallback) return 0;
  const std::uint64_t extra = spec.optional ? 1 : 0;
  switch (spec.kind) {
    case ArgKind::flags:
      return extra + static_cast<unsigned>(std::popcount(value));
    case ArgKind::choice: {
      const auto usual = std::find(spec.values.begin(), spec.values.end(), value);
      const auto rank = static_cast<std::uint64_t>(usual - spec.values.begin());
      return usual != spec.values.end() ? extra + rank : extra + rank + distance(value, spec.min);
    }
    case ArgKind::number:
    case ArgKind::index:
      return extra + distance(value, spec.min);
    case ArgKind::slot:
      return extra;  // see the cost of slots
  }
  return extra;
}

std::size_t count_ops(const Program& program) {
  std::size_t count = 0;
  for (const LaneOps& lane : program.lanes) count += lane.ops.size();
  return count;
}

Cost cost_of(const Schema& schema, const Program& program) {
  Cost cost{};
  cost[0] = count_ops(program) + program.decisions.size() + walk_cost(program.walk);
  cost[1] = program.lanes.size();
  cost[2] = params_cost(schema, program);
  for (const inject::Decision& decision : program.decisions) cost[3] += decision_cost(decision);
  for (const LaneOps& lane : program.lanes) {
    cost[6] += lane.lane.index;
    for (const program::Op& op : lane.ops) {
      const program::OpSpec& spec = schema.ops[op.code];
      cost[5] += spec.has_result ? op.result : 0u;
      for (std::size_t i = 0; i < spec.args.size(); ++i) {
        cost[4] += arg_cost(spec.args[i], op.args[i]);
        if (spec.args[i].kind == ArgKind::slot) cost[5] += op.args[i];
      }
    }
  }
  return cost;
}

}  // namespace anyctx::triage
