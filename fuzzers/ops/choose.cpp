#include "fuzzers/ops/choose.h"

#include <algorithm>
#include <bit>

#include "fuzzers/ops/action_menu.h"
#include "fuzzers/ops/lanes.h"

namespace anyctx::program {
namespace {

using inject::Action;
using inject::ActionKind;
using inject::Rng;

/// One of the bits that are set; there is one.
std::uint32_t choose_bit(std::uint32_t bits, Rng& rng) {
  std::uint32_t skip = rng.below(static_cast<std::uint32_t>(std::popcount(bits)));
  for (; skip > 0; --skip) bits &= bits - 1;
  return static_cast<std::uint32_t>(std::countr_zero(bits));
}

std::uint32_t choose_flags(const ArgSpec& spec, Rng& rng) {
  std::uint32_t value = 0;
  for (std::size_t bit = 0; bit < spec.words.size(); ++bit)
    if (rng.chance(1, 4)) value |= 1u << bit;
  return value;
}

/// Mostly a slot that is not used yet, so that results stay distinguishable.
std::uint8_t choose_result_slot(std::uint32_t used, Rng& rng) {
  const auto fresh = static_cast<std::uint32_t>(std::countr_one(used));
  if (fresh < kSlots && (used == 0 || rng.chance(3, 4))) return static_cast<std::uint8_t>(fresh);
  return static_cast<std::uint8_t>(choose_bit(used, rng));
}

/// Index of the first argument that takes a result; the number of arguments if none does.
std::size_t slot_arg(const OpSpec& spec) {
  const auto takes = [](const ArgSpec& arg) { return arg.kind == ArgKind::slot && !arg.optional; };
  return static_cast<std::size_t>(std::find_if(spec.args.begin(), spec.args.end(), takes) -
                                  spec.args.begin());
}

bool consumes(const OpSpec& spec) {
  return !spec.has_result && slot_arg(spec) != spec.args.size();
}

bool contains(std::span<const std::uint32_t> values, std::uint32_t value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

/// Slots with results that an argument takes, and those of them that have more results than there
/// are operations that take some.
struct Results {
  std::uint32_t all = 0;
  std::uint32_t left = 0;
};

/// For an operation in a lane of `kind`. Handlers may never run: what they leave is for them.
Results results_for(const Schema& schema, const Program& program, const ArgSpec& spec,
                    inject::LaneKind kind) {
  std::array<int, kSlots> balance{};
  Results results;
  for (const LaneOps& lane : program.lanes) {
    if (is_handler(lane.lane.kind) && lane.lane.kind != kind) continue;
    for (const Op& op : lane.ops) {
      const OpSpec& known = schema.ops[op.code];
      if (consumes(known)) --balance[op.args[slot_arg(known)]];
      const bool taken = spec.values.empty() || contains(spec.values, op.code);
      if (!known.has_result || !taken) continue;
      ++balance[op.result];
      results.all |= 1u << op.result;
    }
  }
  for (unsigned slot = 0; slot < kSlots; ++slot)
    if (balance[slot] > 0) results.left |= results.all & 1u << slot;
  return results;
}

/// Whether the operation would take a result that is not there.
bool is_idle(const Schema& schema, const Program& program, const OpSpec& spec,
             inject::LaneKind kind) {
  return consumes(spec) && results_for(schema, program, spec.args[slot_arg(spec)], kind).left == 0;
}

std::size_t choose_code(const Schema& schema, const Swarm& swarm, inject::LaneKind kind, Keep keep,
                        Rng& rng) {
  std::vector<std::uint32_t> weights = swarm.ops;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const bool unwanted = keep == Keep::yes && consumes(schema.ops[i]);
    if (!legal_in(schema.ops[i], kind) || unwanted) weights[i] = 0;
  }
  return draw_weighted(weights, rng);
}

/// A value that some operation of the program has for an argument of this name; none if the one
/// that was looked at has no such argument. Operations that use the same size, order or cache meet
/// each other.
std::optional<std::uint32_t> value_in_use(const Schema& schema, const Program& program,
                                          const ArgSpec& spec, Rng& rng) {
  const auto place = choose_place(program, rng);
  if (!place) return std::nullopt;
  for (const LaneOps& lane : program.lanes) {
    if (lane.lane != place->lane) continue;
    const Op& op = lane.ops[place->op];
    const std::span<const ArgSpec> args = schema.ops[op.code].args;
    for (std::size_t i = 0; i < args.size(); ++i)
      if (args[i].kind == spec.kind && args[i].name == spec.name)
        return bounds(spec).clamp(op.args[i]);
  }
  return std::nullopt;
}

std::uint32_t choose_shared_arg(const Schema& schema, const Program& program, const ArgSpec& spec,
                                inject::LaneKind kind, Rng& rng) {
  const bool shared = spec.kind == ArgKind::choice && !spec.optional && rng.chance(2, 3);
  if (const auto used = shared ? value_in_use(schema, program, spec, rng) : std::nullopt)
    return *used;
  return choose_arg(spec, slots_to_take(schema, program, spec, kind), rng);
}

}  // namespace

std::uint32_t slots_with_results(const Schema& schema, const Program& program) {
  std::uint32_t slots = 0;
  for (const LaneOps& lane : program.lanes)
    for (const Op& op : lane.ops)
      if (schema.ops[op.code].has_result) slots |= 1u << op.result;
  return slots;
}

std::uint32_t slots_to_take(const Schema& schema, const Program& program, const ArgSpec& spec,
                            inject::LaneKind kind) {
  if (spec.kind != ArgKind::slot) return 0;
  const Results results = results_for(schema, program, spec, kind);
  if (results.left != 0) return results.left;
  return results.all != 0 ? results.all : slots_with_results(schema, program);
}

std::uint32_t choose_number(Bounds range, Rng& rng) {
  const std::uint64_t last = range.size() - 1;
  switch (rng.below(6)) {
    case 0:
      return range.min;
    case 1:
      return range.max;
    case 2: {
      const std::uint32_t power = 1u << rng.below(32);
      return range.clamp(power + rng.below(3) - 1);
    }
    case 3:
      return static_cast<std::uint32_t>(range.min + std::min<std::uint64_t>(rng.below(8), last));
    default:
      return static_cast<std::uint32_t>(range.min + (rng.next() >> 32) % range.size());
  }
}

std::uint32_t choose_arg(const ArgSpec& spec, std::uint32_t result_slots, Rng& rng) {
  if (spec.optional && rng.chance(1, 2)) return spec.fallback;
  if (spec.kind == ArgKind::flags) return choose_flags(spec, rng);
  if (spec.kind == ArgKind::slot)
    return result_slots != 0 && !rng.chance(1, 16) ? choose_bit(result_slots, rng)
                                                   : rng.below(kSlots);
  if (!spec.values.empty() && !rng.chance(1, 8)) {
    const std::uint32_t value =
        spec.values[rng.below(static_cast<std::uint32_t>(spec.values.size()))];
    return rng.chance(1, 8) ? bounds(spec).clamp(value + rng.below(3) - 1) : value;
  }
  return choose_number(bounds(spec), rng);
}

std::optional<Op> choose_op(const Schema& schema, const Swarm& swarm, const Program& program,
                            inject::LaneKind kind, Keep keep, Rng& rng) {
  const std::uint32_t slots = slots_with_results(schema, program);
  if (slots == 0 && !rng.chance(1, 16)) keep = Keep::yes;  // there is nothing to consume
  std::size_t code = choose_code(schema, swarm, kind, keep, rng);
  if (code == schema.ops.size()) code = choose_code(schema, swarm, kind, Keep::no, rng);
  if (code == schema.ops.size()) return std::nullopt;
  if (is_idle(schema, program, schema.ops[code], kind) && !rng.chance(1, 8)) {
    const std::size_t other = choose_code(schema, swarm, kind, Keep::yes, rng);
    if (other != schema.ops.size()) code = other;
  }
  const OpSpec& spec = schema.ops[code];
  Op op;
  op.code = static_cast<std::uint8_t>(code);
  if (spec.has_result) op.result = choose_result_slot(slots, rng);
  for (std::size_t i = 0; i < spec.args.size(); ++i)
    op.args[i] = choose_shared_arg(schema, program, spec.args[i], kind, rng);
  return op;
}

std::optional<inject::OpRef> choose_place(const Program& program, Rng& rng) {
  std::size_t total = 0;
  for (const LaneOps& lane : program.lanes) total += lane.ops.size();
  if (total == 0) return std::nullopt;
  std::size_t n = rng.below(static_cast<std::uint32_t>(total));
  for (const LaneOps& lane : program.lanes) {
    if (n < lane.ops.size()) {
      const bool again = is_handler(lane.lane.kind) && rng.chance(1, 4);
      return inject::OpRef{lane.lane, static_cast<std::uint8_t>(n),
                           static_cast<std::uint16_t>(again ? 1 : 0)};
    }
    n -= lane.ops.size();
  }
  return std::nullopt;
}

std::optional<Action> choose_action(const Schema& schema, const Swarm& swarm,
                                    const Program& program, const inject::OpRef& where,
                                    machine::PointId point, Rng& rng) {
  const ActionMenu menu(schema, program, where, point);
  std::array<std::uint32_t, inject::kActionKinds> entries{};
  for (const Action& action : menu.actions()) ++entries[static_cast<unsigned>(action.kind)];
  std::array<std::uint32_t, inject::kActionKinds> weights = swarm.actions;
  for (std::size_t kind = 0; kind < weights.size(); ++kind)
    if (entries[kind] == 0) weights[kind] = 0;
  const std::size_t kind = draw_weighted(weights, rng);
  if (kind == weights.size()) return std::nullopt;
  std::uint32_t skip = rng.below(entries[kind]);
  for (Action action : menu.actions()) {
    if (static_cast<std::size_t>(action.kind) != kind || skip-- > 0) continue;
    if (action.kind == ActionKind::delay) action.value = static_cast<std::uint8_t>(rng.below(6));
    return action;
  }
  return std::nullopt;
}

std::uint32_t usual_visits(machine::PointId point) {
  return point / machine::kVerbsPerSite == machine::site_op.id ? 1 : 8;
}

std::uint16_t choose_occurrence(std::uint32_t most, Rng& rng) {
  std::uint32_t occurrence = 1;
  while (occurrence < most && occurrence < 65535 && rng.chance(1, 3)) ++occurrence;
  return static_cast<std::uint16_t>(occurrence);
}

Walk choose_walk(Rng& rng) {
  Walk walk;
  walk.source = Walk::Source::seed;
  walk.rate = 4u << rng.below(9);
  walk.seed = rng.next() >> 32;  // short enough to read
  return walk;
}

}  // namespace anyctx::program
