#include "fuzzers/sweep/schedule_tree.h"

#include <algorithm>
#include <ranges>

namespace anyctx::sweep {
namespace {

using inject::Access;
using inject::Action;
using inject::ActionKind;
using inject::Decision;
using inject::Event;
using inject::EventKind;
using inject::Lane;
using inject::LaneKind;
using program::Program;

bool is_at(const Event& event, const Event& other) {
  return event.where == other.where && event.point == other.point &&
         event.occurrence == other.occurrence;
}

bool is_at(const Decision& decision, const Event& event) {
  return decision.where == event.where && decision.point == event.point &&
         decision.occurrence == event.occurrence;
}

bool can_run(const Event& event, Lane lane) {
  const std::uint8_t bits =
      lane.kind == LaneKind::worker ? event.choices.workers : event.choices.tasks;
  return (bits >> lane.index & 1u) != 0;
}

/// Whether it makes no difference to others if the task is switched away before this event, or
/// before the next one.
bool can_wait(const Event& event, const Event& next) {
  const bool is_unseen =
      event.access.kind == Access::Kind::none || event.access.kind == Access::Kind::read;
  return is_unseen && next.kind == EventKind::visit && next.where == event.where &&
         next.lane == event.lane && next.state == event.state &&
         next.point / machine::kVerbsPerSite != machine::site_op.id;
}

/// What was done while a task stood still, as far as a read could notice.
class Writes {
 public:
  void add(const Access& access) {
    if (access.kind == Access::Kind::unknown) anything_ = true;
    if (access.kind == Access::Kind::write) ranges_.push_back(access);
  }
  bool concern(const Access& step) const {
    if (anything_ || step.kind == Access::Kind::none) return anything_;
    return std::ranges::any_of(ranges_, [&](const Access& range) {
      const auto begin = [](const Access& a) { return reinterpret_cast<std::uintptr_t>(a.at); };
      return begin(range) < begin(step) + step.bytes && begin(step) < begin(range) + range.bytes;
    });
  }

 private:
  bool anything_ = false;
  std::vector<Access> ranges_;
};

/// Failures that stay, migrations and stalls change what others can do.
bool is_local(const Decision& decision) {
  return decision.action.kind != ActionKind::fail_sticky &&
         decision.action.kind != ActionKind::migrate && decision.action.kind != ActionKind::stall;
}

}  // namespace

ScheduleTree::ScheduleTree(engine::Runner& runner, const Program& program, unsigned switches,
                           bool reduce)
    : runner_(runner),
      program_(program),
      switches_(switches),
      reduce_(reduce && std::ranges::all_of(program.decisions, is_local)) {}

std::vector<ScheduleTree::Stop> ScheduleTree::stops_from(std::size_t first) const {
  const std::vector<Event>& events = runner_.simulation().events();
  std::vector<Stop> stops;
  for (std::size_t i = first; i < events.size(); ++i) {
    const Event& event = events[i];
    if ((event.choices.tasks | event.choices.workers) == 0) continue;
    if (event.kind == EventKind::resume && is_own(events[i - 1])) continue;
    stops.push_back({event, i, i + 1 < events.size() && can_wait(event, events[i + 1]), {}});
    if (event.kind != EventKind::resume) continue;
    for (const Event& earlier : std::span(events).first(i)) {
      if (earlier.kind == EventKind::decision && is_at(earlier, event))
        stops.back().taken.push_back(earlier.action);
    }
  }
  return stops;
}

/// Whether this is one of the tree's switches.
bool ScheduleTree::is_own(const Event& event) const {
  return event.kind == EventKind::decision && std::ranges::any_of(levels_, [&](const Level& level) {
           return is_at(level.decision, event) && level.decision.action == event.action;
         });
}

std::vector<ScheduleTree::Stop> ScheduleTree::row_of(const std::vector<Stop>& stops,
                                                     const inject::OpRef& where, Lane to) {
  std::vector<Stop> row;
  for (const Stop& stop : stops) {
    if (stop.event.where != where || !can_run(stop.event, to)) continue;
    // The next stop must be one where the same switch is possible.
    if (!row.empty() && stop.index != row.back().index + 1) row.back().can_wait = false;
    row.push_back(stop);
  }
  return row;
}

std::vector<ScheduleTree::Row> ScheduleTree::rows_of(const std::vector<Stop>& stops) const {
  std::vector<Row> rows;
  const auto add = [&](const Event& event, Lane to) {
    if (!can_run(event, to)) return;
    const auto is_known = [&](const Row& row) { return row.where == event.where && row.to == to; };
    if (std::ranges::any_of(rows, is_known)) return;
    rows.push_back(
        {event.where, to, {event.where, event.point, event.occurrence, {ActionKind::run, to, 0}}});
  };
  for (const Stop& stop : std::views::reverse(stops)) {
    for (std::uint8_t i = 0; i < program::kMaxTasks; ++i) add(stop.event, {LaneKind::task, i});
    for (std::uint8_t cpu = 0; cpu < inject::kMaxCpus; ++cpu)
      add(stop.event, {LaneKind::worker, cpu});
  }
  std::ranges::reverse(rows);
  return rows;
}

std::vector<ScheduleTree::Row> ScheduleTree::rows() {
  runner_.run(program_, inject::Recording::switches);
  return rows_of(stops_from(0));
}

void ScheduleTree::explore(const Row& row, const Run& run, const Same& same) {
  run_ = &run;
  same_ = &same;
  runner_.run(program_, inject::Recording::switches);
  try_row(program_, stops_from(0), row);
}

void ScheduleTree::try_row(const Program& program, const std::vector<Stop>& stops, const Row& row) {
  const std::vector<Stop> own = row_of(stops, row.where, row.to);
  std::ptrdiff_t needed = static_cast<std::ptrdiff_t>(own.size()) - 1;
  for (std::ptrdiff_t i = needed; i >= 0; --i) {
    if (reduce_ && i > needed) {
      (*same_)(static_cast<unsigned>(levels_.size()) + 1);
      continue;
    }
    const Stop& stop = own[static_cast<std::size_t>(i)];
    const Event& event = stop.event;
    const Decision decision{
        event.where, event.point, event.occurrence, {ActionKind::run, row.to, 0}};
    levels_.push_back({decision, own, static_cast<std::size_t>(i), -1});
    const Program switched = with(program, stop, decision);
    if (run(switched, decision) && levels_.size() < switches_) try_below(switched, stop.index + 2);
    needed = levels_.back().needed;
    levels_.pop_back();
  }
}

/// `first`: the event behind the last switch.
void ScheduleTree::try_below(const Program& program, std::size_t first) {
  const std::vector<Stop> stops = stops_from(first);
  for (const Row& row : rows_of(stops)) try_row(program, stops, row);
}

/// The switch comes before what the program decides at this visit, or behind the switch that the
/// task comes back from.
Program ScheduleTree::with(const Program& program, const Stop& stop,
                           const Decision& decision) const {
  Program result = program;
  auto position = result.decisions.begin();
  for (const Action& taken : stop.taken) {
    const auto is_it = [&](const Decision& known) {
      return is_at(known, stop.event) && known.action == taken;
    };
    position = std::find_if(position, result.decisions.end(), is_it) + 1;
  }
  result.decisions.insert(position, decision);
  return result;
}

bool ScheduleTree::run(const Program& program, const Decision& decision) {
  const bool goes_on = (*run_)(program, decision, static_cast<unsigned>(levels_.size()));
  for (Level& level : levels_) {
    // Of what was not tried, nothing is known.
    if (!goes_on) level.needed = static_cast<std::ptrdiff_t>(level.stop) - 1;
    look_at(level);
  }
  return goes_on;
}

/// What the last run says about stops before this one.
void ScheduleTree::look_at(Level& level) const {
  const std::vector<Event>& events = runner_.simulation().events();
  const Stop& stop = level.row[level.stop];
  Writes writes;
  for (std::size_t i = stop.index + 2; i < events.size(); ++i) {
    const Event& event = events[i];
    if (event.lane != stop.event.lane) {
      // Who goes on does what it was switched away from.
      if (event.kind == EventKind::visit || event.kind == EventKind::resume ||
          event.kind == EventKind::between)
        writes.add(event.access);
      continue;
    }
    const bool goes_away_again =
        event.kind == EventKind::resume || event.kind == EventKind::decision;
    if (!goes_away_again || !is_at(event, stop.event)) break;
  }
  for (auto i = static_cast<std::ptrdiff_t>(level.stop) - 1; i > level.needed; --i) {
    const Stop& earlier = level.row[static_cast<std::size_t>(i)];
    if (earlier.can_wait && !writes.concern(events[earlier.index].access)) continue;
    level.needed = i;
  }
}

}  // namespace anyctx::sweep
