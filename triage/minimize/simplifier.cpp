#include "triage/minimize/simplifier.h"

#include <algorithm>
#include <array>

#include "fuzzers/ops/lanes.h"
#include "triage/minimize/removals.h"

namespace anyctx::triage {
namespace {

using inject::ActionKind;
using inject::Decision;
using inject::Lane;
using program::ArgKind;
using program::ArgSpec;
using program::Op;
using program::OpSpec;
using program::Program;

/// Plainer values of an argument, the plainest first.
std::vector<std::uint32_t> plainer_values(const ArgSpec& spec, std::uint32_t value) {
  std::vector<std::uint32_t> values;
  if (spec.optional) values.push_back(spec.fallback);
  switch (spec.kind) {
    case ArgKind::choice:
      values.insert(values.end(), spec.values.begin(), spec.values.end());
      [[fallthrough]];
    case ArgKind::number:
    case ArgKind::index:
      for (const std::uint32_t other : values_towards(spec.min, value)) values.push_back(other);
      break;
    case ArgKind::flags:
      values.push_back(0);
      for (std::uint32_t bit = 1; bit != 0 && bit <= value; bit <<= 1) {
        if ((value & bit) != 0) values.push_back(value & ~bit);
      }
      break;
    case ArgKind::slot:
      break;
  }
  std::erase_if(
      values, [&](std::uint32_t other) { return arg_cost(spec, other) >= arg_cost(spec, value); });
  return values;
}

}  // namespace

std::vector<std::uint32_t> values_towards(std::uint32_t plainest, std::uint32_t value) {
  std::vector<std::uint32_t> values;
  const bool down = plainest < value;
  const std::uint32_t away = down ? value - plainest : plainest - value;
  const auto at = [&](std::uint32_t step) { return down ? plainest + step : plainest - step; };
  for (std::uint64_t step = 0; step < away; step = step == 0 ? 1 : step * 2) {
    values.push_back(at(static_cast<std::uint32_t>(step)));
  }
  for (std::uint32_t back = away / 2; back > 0; back /= 2) values.push_back(at(away - back));
  return values;
}

bool Simplifier::simplify() {
  bool better = false;
  for (const auto pass : {&Simplifier::params, &Simplifier::decisions, &Simplifier::args,
                          &Simplifier::slots, &Simplifier::lane_numbers}) {
    better = (this->*pass)() || better;
  }
  return better;
}

bool Simplifier::params() {
  bool better = false;
  const auto& specs = minimizer_.schema_.params;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    for (const std::uint32_t value :
         values_towards(specs[i].fallback, minimizer_.best_.params[i])) {
      Program candidate = minimizer_.best_;
      candidate.params[i] = value;
      if (!minimizer_.try_this(std::move(candidate))) continue;
      better = true;
      break;
    }
  }
  return better;
}

bool Simplifier::args() {
  bool better = false;
  for (const OpPlace& place : op_places(minimizer_.best_)) {
    const auto op_of = [&](Program& program) -> Op& {
      return program::find_lane(program, place.lane)->ops[place.position];
    };
    const OpSpec& spec = minimizer_.schema_.ops[op_of(minimizer_.best_).code];
    for (std::size_t i = 0; i < spec.args.size(); ++i) {
      for (const std::uint32_t value :
           plainer_values(spec.args[i], op_of(minimizer_.best_).args[i])) {
        Program candidate = minimizer_.best_;
        op_of(candidate).args[i] = value;
        if (!minimizer_.try_this(std::move(candidate))) continue;
        better = true;
        break;
      }
    }
  }
  return better;
}

bool Simplifier::decisions() {
  bool better = false;
  const auto change = [&](std::size_t i, auto&& f) {
    Program candidate = minimizer_.best_;
    f(candidate.decisions[i]);
    if (!minimizer_.try_this(std::move(candidate))) return false;
    better = true;
    return true;
  };
  for (std::size_t i = 0; i < minimizer_.best_.decisions.size(); ++i) {
    const Decision before = minimizer_.best_.decisions[i];
    if (before.action.kind == ActionKind::fail_sticky)
      change(i, [](Decision& decision) { decision.action.kind = ActionKind::fail; });
    for (const std::uint32_t value : values_towards(1, before.occurrence)) {
      const auto set = [=](Decision& d) { d.occurrence = static_cast<std::uint16_t>(value); };
      if (change(i, set)) break;
    }
    for (const std::uint32_t value : values_towards(0, before.where.entry)) {
      const auto set = [=](Decision& d) { d.where.entry = static_cast<std::uint16_t>(value); };
      if (change(i, set)) break;
    }
    if (before.action.kind != ActionKind::delay) continue;
    for (const std::uint32_t value : values_towards(1, before.action.value)) {
      const auto set = [=](Decision& d) { d.action.value = static_cast<std::uint8_t>(value); };
      if (value < before.action.value && change(i, set)) break;
    }
  }
  return better;
}

/// Names a, b, c in the order in which they come.
bool Simplifier::slots() {
  std::array<std::uint32_t, program::kSlots> name{};
  name.fill(program::kSlots);
  std::uint32_t next = 0;
  const auto renamed = [&](std::uint32_t slot) {
    if (name[slot] == program::kSlots) name[slot] = next++;
    return name[slot];
  };
  Program candidate = minimizer_.best_;
  for (program::LaneOps& lane : candidate.lanes) {
    for (Op& op : lane.ops) {
      const OpSpec& spec = minimizer_.schema_.ops[op.code];
      for (std::size_t i = 0; i < spec.args.size(); ++i) {
        if (spec.args[i].kind == ArgKind::slot) op.args[i] = renamed(op.args[i]);
      }
      if (spec.has_result) op.result = static_cast<std::uint8_t>(renamed(op.result));
    }
  }
  return minimizer_.try_this(std::move(candidate));
}

bool Simplifier::lane_numbers() {
  bool better = false;
  for (std::size_t i = 0; i < minimizer_.best_.lanes.size(); ++i) {
    const Lane lane = minimizer_.best_.lanes[i].lane;
    for (std::uint8_t index = 0; index < lane.index; ++index) {
      const Lane to{lane.kind, index};
      if (program::find_lane(minimizer_.best_, to) != nullptr) continue;
      if (!minimizer_.try_this(with_lane_renamed(minimizer_.best_, lane, to))) continue;
      better = true;
      break;
    }
  }
  return better;
}

}  // namespace anyctx::triage
