#include "fuzzers/sweep/survey.h"

#include <algorithm>
#include <unordered_map>

namespace anyctx::sweep {
namespace {

using inject::Event;
using inject::EventKind;

std::uint64_t key(const Event& event) {
  const inject::OpRef& where = event.where;
  return std::uint64_t{where.entry} << 32 | std::uint64_t{where.op} << 24 |
         std::uint64_t{where.lane.index} << 20 |
         std::uint64_t{static_cast<unsigned>(where.lane.kind)} << 16 | event.point;
}

bool is_at(const Event& event, const inject::Decision& decision) {
  return event.where == decision.where && event.point == decision.point &&
         event.occurrence == decision.occurrence;
}

/// From the visit at which the decision was taken.
std::span<const Event> events_from(const std::vector<Event>& events,
                                   const inject::Decision& decision) {
  const auto taken = std::ranges::find_if(events, [&](const Event& event) {
    return event.kind == EventKind::decision && is_at(event, decision) &&
           event.action == decision.action;
  });
  if (taken == events.end()) return {};
  auto visit = taken;
  while (visit->kind != EventKind::visit || !is_at(*visit, decision)) --visit;
  return {visit, events.end()};
}

}  // namespace

Survey survey(engine::Runner& runner, const program::Program& program, unsigned occurrences,
              const std::optional<inject::Decision>& after) {
  Survey survey;
  survey.result = runner.run(program, inject::Recording::choices);
  const std::vector<Event>& all = runner.simulation().events();
  const std::span<const Event> events = after ? events_from(all, *after) : std::span(all);

  std::unordered_map<std::uint64_t, std::uint16_t> visits;
  for (const Event& event : events) {
    if (event.kind == EventKind::visit) visits[key(event)] = event.occurrence;
  }
  for (const Event& event : events) {
    if (event.kind != EventKind::visit) continue;
    const unsigned all_visits = visits[key(event)];
    const bool cut = occurrences != 0 && all_visits > occurrences;
    if (cut && event.occurrence > occurrences - occurrences / 4 &&
        event.occurrence <= all_visits - occurrences / 4) {
      ++survey.left_out;
      continue;
    }
    survey.places.push_back({event.where, event.point, event.occurrence, event.choices});
  }
  return survey;
}

}  // namespace anyctx::sweep
