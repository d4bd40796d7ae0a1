// Changes of decisions: what happens, where, how often.

#include <algorithm>

#include "fuzzers/ops/choose.h"
#include "fuzzers/ops/collision.h"
#include "fuzzers/ops/interference.h"
#include "fuzzers/ops/mutation.h"
#include "fuzzers/ops/points.h"
#include "fuzzers/ops/visits.h"

namespace anyctx::program {
namespace {

using inject::ActionKind;
using inject::Decision;

/// One of the decisions; null if there are none.
Decision* choose_decision(Mutation& m) {
  auto& decisions = m.program.decisions;
  if (decisions.empty()) return nullptr;
  return &decisions[m.rng.below(static_cast<std::uint32_t>(decisions.size()))];
}

/// Where the last run was; false if that is not known or does not fit the program.
bool choose_visited(Mutation& m, Decision& decision) {
  if (m.rng.chance(1, 8)) return false;
  const auto visit = choose_visit(m);
  if (visit) decision = *visit;
  return visit.has_value();
}

bool choose_anywhere(Mutation& m, Decision& decision) {
  const auto place = choose_place(m.program, m.rng);
  if (!place) return false;
  const auto points = listed_points(m.schema);
  decision.where = *place;
  decision.point = points[m.rng.below(static_cast<std::uint32_t>(points.size()))];
  decision.occurrence = choose_occurrence(usual_visits(decision.point), m.rng);
  return true;
}

bool choose_action_for(Mutation& m, Decision& decision) {
  const auto action =
      choose_action(m.schema, m.swarm, m.program, decision.where, decision.point, m.rng);
  if (action) decision.action = *action;
  return action.has_value();
}

bool add(Mutation& m) {
  if (m.program.decisions.size() >= kMaxDecisions) return false;
  Decision decision;
  if (!choose_visited(m, decision) && !choose_anywhere(m, decision)) return false;
  if (!choose_action_for(m, decision)) return false;
  m.program.decisions.push_back(decision);
  return true;
}

bool erase(Mutation& m) {
  const Decision* decision = choose_decision(m);
  if (decision == nullptr) return false;
  m.program.decisions.erase(m.program.decisions.begin() + (decision - m.program.decisions.data()));
  return true;
}

bool change_occurrence(Mutation& m) {
  Decision* decision = choose_decision(m);
  if (decision == nullptr) return false;
  const std::uint16_t before = decision->occurrence;
  if (m.rng.chance(1, 4))
    decision->occurrence = choose_occurrence(64, m.rng);
  else if (m.rng.chance(1, 2))
    decision->occurrence = static_cast<std::uint16_t>(std::max(before - 1, 1));
  else
    decision->occurrence = static_cast<std::uint16_t>(std::min(before + 1, 65535));
  return decision->occurrence != before;
}

bool change_action(Mutation& m) {
  Decision* decision = choose_decision(m);
  if (decision == nullptr) return false;
  const inject::Action before = decision->action;
  return choose_action_for(m, *decision) && decision->action != before;
}

/// Moves a decision to another point of the last run, or anywhere; keeps the action if it may.
bool change_place(Mutation& m) {
  Decision* decision = choose_decision(m);
  if (decision == nullptr) return false;
  Decision moved = *decision;
  if (!choose_visited(m, moved) && !choose_anywhere(m, moved)) return false;
  moved.action = decision->action;
  const bool fits = action_problem(m.schema, m.program, moved).empty();
  if (!fits && !choose_action_for(m, moved)) return false;
  *decision = moved;
  return true;
}

/// Moves a decision to another point of its operation: what comes a step earlier or later.
bool step_aside(Mutation& m) {
  Decision* decision = choose_decision(m);
  if (decision == nullptr) return false;
  auto moved = choose_visit_beside(m, *decision);
  if (!moved) return false;
  moved->action = decision->action;
  if (!action_problem(m.schema, m.program, *moved).empty()) return false;
  *decision = *moved;
  return true;
}

/// The same again at the next visit: "the second attempt fails as well".
bool repeat(Mutation& m) {
  const Decision* decision = choose_decision(m);
  if (decision == nullptr || m.program.decisions.size() >= kMaxDecisions) return false;
  if (decision->occurrence == 65535) return false;
  Decision next = *decision;
  ++next.occurrence;
  m.program.decisions.push_back(next);
  return true;
}

bool toggle_sticky(Mutation& m) {
  Decision* decision = choose_decision(m);
  if (decision == nullptr) return false;
  ActionKind& kind = decision->action.kind;
  if (kind != ActionKind::fail && kind != ActionKind::fail_sticky) return false;
  kind = kind == ActionKind::fail ? ActionKind::fail_sticky : ActionKind::fail;
  return true;
}

constexpr MutationKind kKinds[] = {
    {12, add},   {4, erase},         {3, change_occurrence}, {2, change_action}, {2, change_place},
    {2, repeat}, {1, toggle_sticky}, {4, interfere},         {2, step_aside},    {4, collide},
};

}  // namespace

std::span<const MutationKind> decision_mutations() {
  return kKinds;
}

}  // namespace anyctx::program
