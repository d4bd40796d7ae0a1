#include "triage/minimize/variations.h"

#include <algorithm>
#include <array>

#include "fuzzers/ops/lanes.h"
#include "triage/minimize/removals.h"

namespace anyctx::triage {
namespace {

using inject::Action;
using inject::ActionKind;
using inject::Lane;
using inject::LaneKind;
using program::LaneOps;
using program::Op;
using program::OpSpec;
using program::ParamSpec;
using program::Program;

constexpr std::array kHandlers = {LaneKind::nmi, LaneKind::irq, LaneKind::softirq,
                                  LaneKind::reentry};

class Variations {
 public:
  using Visit = std::function<bool(const Program&)>;

  Variations(const program::Schema& schema, const Program& program, const Visit& visit)
      : schema_(schema), program_(program), visit_(visit) {}

  bool all() const { return params() && handlers() && actions() && ops(); }

 private:
  bool params() const;
  bool handlers() const;
  bool actions() const;
  bool ops() const;
  std::vector<Action> actions_instead_of(const Action& action) const;

  const program::Schema& schema_;
  const Program& program_;
  const Visit& visit_;
};

bool Variations::params() const {
  for (std::size_t i = 0; i < schema_.params.size(); ++i) {
    const ParamSpec& spec = schema_.params[i];
    for (std::uint32_t word = 0; word < spec.words.size(); ++word) {
      Program other = program_;
      other.params[i] = spec.min + word;
      if (other.params[i] != program_.params[i] && !visit_(other)) return false;
    }
  }
  return true;
}

bool Variations::handlers() const {
  for (const LaneOps& lane : program_.lanes) {
    if (std::ranges::find(kHandlers, lane.lane.kind) == kHandlers.end()) continue;
    for (const LaneKind kind : kHandlers) {
      const Lane to{kind, lane.lane.index};
      if (program::find_lane(program_, to) != nullptr) continue;
      if (!visit_(with_lane_renamed(program_, lane.lane, to))) return false;
    }
  }
  return true;
}

std::vector<Action> Variations::actions_instead_of(const Action& action) const {
  std::vector<Action> others;
  switch (action.kind) {
    case ActionKind::fail:
      return {{ActionKind::fail_sticky, {}, 0}};
    case ActionKind::fail_sticky:
      return {{ActionKind::fail, {}, 0}};
    case ActionKind::enter:
    case ActionKind::delay:
      return {};
    case ActionKind::run:
    case ActionKind::migrate:
    case ActionKind::stall:
      break;
  }
  for (const LaneOps& lane : program_.lanes) {
    if (lane.lane.kind == LaneKind::task) others.push_back({ActionKind::run, lane.lane, 0});
  }
  others.push_back({ActionKind::stall, {}, 0});
  std::erase(others, action);
  return others;
}

bool Variations::actions() const {
  for (std::size_t i = 0; i < program_.decisions.size(); ++i) {
    for (const Action& action : actions_instead_of(program_.decisions[i].action)) {
      Program other = program_;
      other.decisions[i].action = action;
      if (!visit_(other)) return false;
    }
  }
  return true;
}

/// Arguments of the same kinds and bounds, and a result or none.
bool has_form_of(const OpSpec& left, const OpSpec& right) {
  return left.has_result == right.has_result &&
         std::ranges::equal(left.args, right.args, [](const auto& a, const auto& b) {
           return a.kind == b.kind && a.min == b.min && a.max == b.max;
         });
}

bool Variations::ops() const {
  for (const OpPlace& place : op_places(program_)) {
    const auto code_in = [&](Program & program) -> auto& {
      return program::find_lane(program, place.lane)->ops[place.position].code;
    };
    Program other = program_;
    const auto code = code_in(other);
    for (std::size_t i = 0; i < schema_.ops.size(); ++i) {
      const OpSpec& spec = schema_.ops[i];
      if (i == code || (spec.lanes & program::in(place.lane.kind)) == 0) continue;
      if (!has_form_of(spec, schema_.ops[code])) continue;
      code_in(other) = static_cast<std::remove_const_t<decltype(code)>>(i);
      if (!visit_(other)) return false;
    }
  }
  return true;
}

}  // namespace

void for_each_variation(const program::Schema& schema, const Program& program,
                        const std::function<bool(const Program&)>& f) {
  Variations(schema, program, f).all();
}

}  // namespace anyctx::triage
