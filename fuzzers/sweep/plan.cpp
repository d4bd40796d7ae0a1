#include "fuzzers/sweep/plan.h"

#include <algorithm>
#include <map>

#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/rules.h"
#include "fuzzers/sweep/schedule_tree.h"

namespace anyctx::sweep {
namespace {

using inject::Action;
using inject::ActionKind;
using inject::Decision;
using inject::Lane;
using inject::LaneKind;
using program::LaneOps;
using program::Program;

constexpr LaneKind kNested[] = {LaneKind::nmi, LaneKind::reentry};

bool has_bit(std::uint8_t bits, unsigned index) {
  return (bits >> index & 1u) != 0;
}

bool is_used(const Program& program, Lane lane) {
  return std::ranges::any_of(program.decisions, [&](const Decision& decision) {
    return decision.action.lane == lane || decision.where.lane == lane;
  });
}

/// A handler that can be added or replaced; none if the program uses all of the kind.
std::optional<Lane> free_handler(const Program& program, LaneKind kind) {
  for (std::uint8_t index = 0; index < program::max_lanes(kind); ++index) {
    if (program::find_lane(program, {kind, index}) == nullptr) return Lane{kind, index};
  }
  for (std::uint8_t index = 0; index < program::max_lanes(kind); ++index) {
    if (!is_used(program, {kind, index})) return Lane{kind, index};
  }
  return std::nullopt;
}

/// A task that can be added, on another CPU than the first if there is one; none if all are there.
std::optional<Lane> free_task(const Program& program, unsigned cpus) {
  std::optional<Lane> found;
  for (std::uint8_t index = program::kMaxTasks; index-- > 0;) {
    const Lane lane{LaneKind::task, index};
    if (program::find_lane(program, lane) != nullptr) continue;
    if (!found || index % cpus != 0) found = lane;
  }
  return found;
}

class Planner {
 public:
  Planner(engine::Runner& runner, NestedLibrary& library, const Options& options,
          const std::optional<Decision>& after, Plan& plan)
      : runner_(runner), library_(library), options_(options), after_(after), plan_(plan) {}

  void make(const Program& program) {
    plan_.variants.push_back(program);
    Survey seen = survey(runner_, program, options_.occurrences, after_);
    if (seen.result.verdict) plan_.guilty = program;
    plan_.left_out.full = program.decisions.size() >= program::kMaxDecisions;
    if (seen.result.verdict || plan_.left_out.full) return;
    plan_.left_out.visits = seen.left_out;
    plan_.places = std::move(seen.places);
    for (std::uint32_t i = 0; i < plan_.places.size(); ++i) add_place(i);
    if (options_.freeze) add_probes();
  }

 private:
  const Program& base() const { return plan_.variants.front(); }

  void add(std::uint32_t place, const Action& action, std::uint32_t variant = 0) {
    if (after_ && is_at(plan_.places[place]) && after_->action >= action) return;
    plan_.units.push_back({place, variant, action});
  }

  bool is_at(const Place& place) const {
    return place.where == after_->where && place.point == after_->point &&
           place.occurrence == after_->occurrence;
  }

  void add_place(std::uint32_t index) {
    const inject::Choices choices = plan_.places[index].choices;
    if (options_.faults && choices.fail)
      add(index, {choices.fail_sticky ? ActionKind::fail_sticky : ActionKind::fail, {}, 0});
    if (options_.nmi || options_.freeze) add_handlers(index, choices);
    if (options_.preempt) add_switches(index, choices);
    if (options_.freeze && choices.stall) add(index, {ActionKind::stall, {}, 0});
  }

  void add_handlers(std::uint32_t index, const inject::Choices& choices) {
    for (const LaneOps& lane : base().lanes) {
      if (program::is_handler(lane.lane.kind) &&
          has_bit(choices.enter, static_cast<unsigned>(lane.lane.kind)))
        add(index, {ActionKind::enter, lane.lane, 0});
    }
    for (const LaneKind kind : kNested) {
      if (!has_bit(choices.enter, static_cast<unsigned>(kind))) continue;
      for (const std::uint32_t variant : nested_at(plan_.places[index].where, kind))
        add(index, {ActionKind::enter, plan_.variants[variant].lanes[own_lane_[variant]].lane, 0},
            variant);
    }
  }

  void add_switches(std::uint32_t index, const inject::Choices& choices) {
    for (std::uint8_t i = 0; i < program::kMaxTasks; ++i) {
      if (has_bit(choices.tasks, i)) add(index, {ActionKind::run, {LaneKind::task, i}, 0});
    }
    for (std::uint8_t cpu = 0; cpu < inject::kMaxCpus; ++cpu) {
      if (has_bit(choices.workers, cpu)) add(index, {ActionKind::run, {LaneKind::worker, cpu}, 0});
      if (has_bit(choices.cpus, cpu)) add(index, {ActionKind::migrate, {}, cpu});
    }
    if (choices.delay) {
      add(index, {ActionKind::delay, {}, 1});
      add(index, {ActionKind::delay, {}, 0});
    }
  }

  /// The variants with the nested operations that run inside of an operation.
  const std::vector<std::uint32_t>& nested_at(const inject::OpRef& host, LaneKind kind) {
    const std::pair key(inject::OpRef{host.lane, host.op, 0}, kind);
    const auto known = nested_.find(key);
    if (known != nested_.end()) return known->second;
    std::vector<std::uint32_t>& variants = nested_[key];
    const std::optional<Lane> lane = free_handler(base(), kind);
    for (std::size_t i = 0; i < library_.size(); ++i) {
      const Ops* const ops = library_.make(i, base(), host);
      if (ops == nullptr)
        ++plan_.left_out.nothing_to_act_on;
      else if (!lane)
        ++plan_.left_out.no_lane;
      else
        insert_once(variants, variant_with(*lane, *ops));
    }
    return variants;
  }

  static void insert_once(std::vector<std::uint32_t>& variants, std::uint32_t variant) {
    if (std::ranges::find(variants, variant) == variants.end()) variants.push_back(variant);
  }

  /// The program with such a lane, made once.
  std::uint32_t variant_with(Lane lane, const Ops& ops) {
    for (std::uint32_t i = 1; i < plan_.variants.size(); ++i) {
      const LaneOps& added = plan_.variants[i].lanes[own_lane_[i]];
      if (added.lane == lane && added.ops == ops) return i;
    }
    Program variant = base();
    program::ensure_lane(variant, lane).ops = ops;
    own_lane_.resize(plan_.variants.size() + 1);
    own_lane_.back() = static_cast<std::size_t>(
        std::ranges::find(variant.lanes, lane, &LaneOps::lane) - variant.lanes.begin());
    plan_.variants.push_back(std::move(variant));
    return static_cast<std::uint32_t>(plan_.variants.size() - 1);
  }

  /// Nested operations on a CPU of their own, while everything else stands still.
  void add_probes() {
    const unsigned cpus = program::cpu_count(*runner_.target().schema, base());
    const std::optional<Lane> lane = cpus == 1 ? std::nullopt : free_task(base(), cpus);
    std::map<std::uint32_t, std::vector<inject::OpRef>> hosts;
    for (const LaneOps& host : base().lanes) {
      for (std::uint8_t op = 0; op < host.ops.size(); ++op) {
        for (std::size_t i = 0; i < library_.size(); ++i) {
          const Ops* const ops = library_.make(i, base(), {host.lane, op, 0});
          if (ops == nullptr) continue;
          if (!lane)
            ++plan_.left_out.no_lane;
          else
            hosts[variant_with(*lane, *ops)].push_back({host.lane, op, 0});
        }
      }
    }
    for (const auto& [variant, where] : hosts) add_probe(variant, *lane, where);
  }

  void add_probe(std::uint32_t variant, Lane task, const std::vector<inject::OpRef>& hosts) {
    const Survey seen = survey(runner_, plan_.variants[variant], options_.occurrences);
    if (seen.result.verdict) {
      plan_.guilty = plan_.variants[variant];
      return;
    }
    for (const Place& place : seen.places) {
      const inject::OpRef host{place.where.lane, place.where.op, 0};
      if (!has_bit(place.choices.tasks, task.index) ||
          std::ranges::find(hosts, host) == hosts.end())
        continue;
      plan_.places.push_back(place);
      add(static_cast<std::uint32_t>(plan_.places.size() - 1), {ActionKind::run, task, 0}, variant);
    }
  }

  engine::Runner& runner_;
  NestedLibrary& library_;
  const Options& options_;
  const std::optional<Decision>& after_;
  Plan& plan_;
  std::map<std::pair<inject::OpRef, LaneKind>, std::vector<std::uint32_t>> nested_;
  std::vector<std::size_t> own_lane_;  // of each variant: the index of the lane it has more
};

}  // namespace

std::string_view to_string(Category category) {
  constexpr std::string_view names[kCategories] = {
      "sticky",  "transient", "nmi",      "irq",     "softirq",
      "reentry", "switched",  "migrated", "delayed", "frozen",
  };
  return names[static_cast<unsigned>(category)];
}

Category category_of(const Action& action) {
  switch (action.kind) {
    case ActionKind::fail:
      return Category::transient;
    case ActionKind::fail_sticky:
      return Category::sticky;
    case ActionKind::run:
      return Category::switched;
    case ActionKind::migrate:
      return Category::migrated;
    case ActionKind::delay:
      return Category::delayed;
    case ActionKind::stall:
      return Category::frozen;
    case ActionKind::enter:
      break;
  }
  switch (action.lane.kind) {
    case LaneKind::irq:
      return Category::irq;
    case LaneKind::softirq:
      return Category::softirq;
    case LaneKind::reentry:
      return Category::reentry;
    default:
      return Category::nmi;
  }
}

Decision Plan::decision(const Unit& unit) const {
  const Place& place = places[unit.place];
  return {place.where, place.point, place.occurrence, unit.action};
}

Program Plan::program(const Unit& unit) const {
  Program result = variants[unit.variant];
  result.decisions.insert(result.decisions.begin(), decision(unit));
  return result;
}

Plan make_plan(engine::Runner& runner, NestedLibrary& library, const Program& program,
               const Options& options, const std::optional<Decision>& after) {
  Plan plan;
  Planner(runner, library, options, after, plan).make(program);
  return plan;
}

Plan plan_schedules(engine::Runner& runner, const Program& program, const Options& options) {
  Plan plan;
  plan.variants.push_back(program);
  plan.left_out.full = program.decisions.size() + options.switches > program::kMaxDecisions;
  Survey seen = survey(runner, program, 0);
  if (seen.result.verdict) plan.guilty = program;
  if (plan.guilty || plan.left_out.full) return plan;
  ScheduleTree tree(runner, program, options.switches, options.reduce);
  for (const ScheduleTree::Row& row : tree.rows()) {
    plan.places.push_back({row.where, row.last.point, row.last.occurrence, {}});
    plan.units.push_back({static_cast<std::uint32_t>(plan.places.size() - 1), 0, row.last.action});
  }
  return plan;
}

}  // namespace anyctx::sweep
