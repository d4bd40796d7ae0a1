// Decisions: what is looked at when a point is not simply passed.
#include <algorithm>
#include <string>

#include "inject/sim/simulation.h"

namespace anyctx::inject {

bool Simulation::may_fail_at(machine::PointId point) const {
  return machine::may_fail(kind_of(point), point % machine::kVerbsPerSite);
}

bool Simulation::passes_over(machine::PointId point) const {
  return config_.passed_over != nullptr && (*config_.passed_over)[point / machine::kVerbsPerSite];
}

/// Sets the step at which a frame's next point is looked at.
void Simulation::arm(Frame& frame) {
  if (frame.kind == FrameKind::op || frame.kind == FrameKind::work) {
    if (script_ != nullptr && !script_->empty()) frame.script = script_->of(frame.where);
    if (!alone_ && walk_.active()) frame.next_walk = frame.steps + walk_.gap();
  }
  const bool every_point =
      !frame.script.empty() || any_sticky_ || pct_ != nullptr || recording_ >= Recording::visits;
  frame.wake = every_point ? 0 : std::min(frame.max_steps, frame.next_walk);
}

bool Simulation::slow_visit(machine::PointId point, Access access) {
  const Unwatched unwatched;
  Frame& frame = *frame_;
  if (frame.steps > frame.max_steps) {
    stop(VerdictKind::no_progress, "an operation ends within a bounded number of own steps",
         std::to_string(frame.max_steps) + " steps", "still not done");
  }
  if (recording_ >= Recording::visits) add_event(EventKind::visit, point);
  if (passes_over(point)) return false;
  if (recording_ == Recording::choices) events_.back().choices = choices_at(point);
  if (recording_ == Recording::switches) look_at_switch(point, access);
  bool fail = false;
  // A worker that fails tries again until it succeeds: what it waits for must come.
  if (sticky_[point] && frame.where.lane.kind != LaneKind::worker) {
    note_failure(point, true);
    fail = true;
  }
  for (const Decision& decision : frame.script) {
    if (decision.point != point || decision.occurrence != frame.seen[point]) continue;
    if (legal(decision.action, point)) {
      fail |= take(decision.action, point);
      if (recording_ == Recording::switches && decision.action.kind == ActionKind::run) {
        add_event(EventKind::resume, point);
        look_at_switch(point, access);
      }
    } else {
      ++stats_.ignored;
    }
  }
  if (pct_ != nullptr && !alone_) follow_pct(point);
  if (frame.steps >= frame.next_walk) {
    if (walk_.active()) {
      legal_actions(point);
      if (const Action* drawn = walk_.pick(options_)) fail |= take(moderated(*drawn), point);
    }
    frame.next_walk = walk_.active() ? frame.steps + walk_.gap() : UINT32_MAX;
    if (frame.wake != 0) frame.wake = std::min(frame.max_steps, frame.next_walk);
  } else if (frame.wake != 0) {
    frame.wake = std::min(frame.max_steps, frame.next_walk);
  }
  return fail;
}

/// Before the primitive at a point: goes on with whoever should.
void Simulation::follow_pct(machine::PointId point) {
  pct_->step(task_->lane);
  SimTask* best = task_;
  for (const auto& task : tasks_) {
    const bool can_run =
        task->run_state != TaskState::absent && legal({ActionKind::run, task->lane, 0}, point);
    if (can_run && pct_->priority(task->lane) > pct_->priority(best->lane)) best = task.get();
  }
  if (best == task_ || pct_budget_ == 0) return;
  --pct_budget_;
  take({ActionKind::run, best->lane, 0}, point);
}

void Simulation::schedule_by(Pct* pct, std::uint32_t budget) {
  pct_ = pct;
  pct_budget_ = budget;
}

/// A failure that sticks starves what comes later in a program: most shall happen once.
Action Simulation::moderated(Action drawn) {
  if (drawn.kind == ActionKind::fail_sticky && !walk_.seldom()) drawn.kind = ActionKind::fail;
  return drawn;
}

/// Everything that legal() accepts here, in a fixed order.
void Simulation::legal_actions(machine::PointId point) {
  options_.clear();
  if (may_fail_at(point)) {
    options_.push_back({ActionKind::fail, {}, 0});
    if (kind_of(point) != machine::SiteKind::word) {
      options_.push_back({ActionKind::fail_sticky, {}, 0});
    }
  }
  if (legal({ActionKind::delay, {}, 0}, point)) {
    options_.push_back({ActionKind::delay, {}, 1});
    options_.push_back({ActionKind::delay, {}, 0});
  }
  for (const Lane& lane : handler_lanes_) {
    if (may_enter(lane.kind)) options_.push_back({ActionKind::enter, lane, 0});
  }
  if (alone_) return;
  for (unsigned i = 0; i < task_count_; ++i) {
    if (tasks_[i].get() != task_ && can_continue(*tasks_[i])) {
      options_.push_back({ActionKind::run, tasks_[i]->lane, 0});
    }
  }
  for (unsigned cpu = 0; cpu < config_.cpus; ++cpu) {
    SimTask& worker = *tasks_[kWorkers + cpu];
    if (&worker != task_ && can_continue(worker)) {
      options_.push_back({ActionKind::run, worker.lane, 0});
    }
  }
  for (unsigned cpu = 0; cpu < config_.cpus; ++cpu) {
    const Action action{ActionKind::migrate, {}, static_cast<std::uint8_t>(cpu)};
    if (legal(action, point)) options_.push_back(action);
  }
  if (legal({ActionKind::stall, {}, 0}, point)) options_.push_back({ActionKind::stall, {}, 0});
}

/// The same as bits. Handlers are told by kind: which of them there are, the program says.
Choices Simulation::choices_at(machine::PointId point) {
  Choices choices;
  choices.fail = legal({ActionKind::fail, {}, 0}, point);
  choices.fail_sticky = legal({ActionKind::fail_sticky, {}, 0}, point);
  choices.stall = legal({ActionKind::stall, {}, 0}, point);
  choices.delay = legal({ActionKind::delay, {}, 0}, point);
  const auto bit = [](unsigned index) { return static_cast<std::uint8_t>(1u << index); };
  for (const LaneKind kind : {LaneKind::nmi, LaneKind::irq, LaneKind::softirq, LaneKind::reentry}) {
    if (may_enter(kind)) choices.enter |= bit(static_cast<unsigned>(kind));
  }
  add_switches(choices, point);
  for (std::uint8_t cpu = 0; cpu < config_.cpus; ++cpu) {
    if (legal({ActionKind::migrate, {}, cpu}, point)) choices.cpus |= bit(cpu);
  }
  return choices;
}

void Simulation::add_switches(Choices& choices, machine::PointId point) {
  const auto bit = [](unsigned index) { return static_cast<std::uint8_t>(1u << index); };
  for (unsigned i = 0; i < task_count_; ++i) {
    const Lane lane = tasks_[i]->lane;
    if (legal({ActionKind::run, lane, 0}, point)) choices.tasks |= bit(lane.index);
  }
  for (std::uint8_t cpu = 0; cpu < config_.cpus; ++cpu) {
    if (legal({ActionKind::run, {LaneKind::worker, cpu}, 0}, point)) choices.workers |= bit(cpu);
  }
}

/// Of the visit or resumption that was recorded last.
void Simulation::look_at_switch(machine::PointId point, Access access) {
  Event& event = events_.back();
  add_switches(event.choices, point);
  event.access = access;
  event.state = task_->state;
}

void Simulation::add_between(Access access) {
  const Unwatched unwatched;
  add_event(EventKind::between, frame_->last_point);
  events_.back().access = access;
}

/// The task or worker that a decision may name; null if there is none of this name.
SimTask* Simulation::find_runnable(Lane lane) {
  if (lane.kind == LaneKind::worker) {
    return lane.index < config_.cpus ? tasks_[kWorkers + lane.index].get() : nullptr;
  }
  for (unsigned i = 0; i < task_count_; ++i) {
    if (tasks_[i]->lane == lane) return tasks_[i].get();
  }
  return nullptr;
}

bool Simulation::legal(const Action& action, machine::PointId point) {
  switch (action.kind) {
    case ActionKind::fail:
      return may_fail_at(point);
    case ActionKind::fail_sticky:
      // A compare-and-swap that fails for ever would only show that loops loop.
      return may_fail_at(point) && kind_of(point) != machine::SiteKind::word;
    case ActionKind::enter:
      return std::ranges::find(handler_lanes_, action.lane) != handler_lanes_.end() &&
             may_enter(action.lane.kind);
    case ActionKind::run: {
      const SimTask* task = alone_ ? nullptr : find_runnable(action.lane);
      return task != nullptr && task != task_ && can_continue(*task);
    }
    case ActionKind::migrate:
      return !alone_ && task_->lane.kind == LaneKind::task && action.value < config_.cpus &&
             action.value != task_->cpu && task_->preemptible() && task_->state.migrate_depth == 0;
    case ActionKind::stall:
      return !alone_ && std::ranges::any_of(tasks_, [&](const auto& task) {
        return task.get() != task_ && can_continue(*task);
      });
    case ActionKind::delay:
      return (kind_of(point) == machine::SiteKind::irq_work ||
              kind_of(point) == machine::SiteKind::worker) &&
             point % machine::kVerbsPerSite == static_cast<unsigned>(machine::Verb::raise);
  }
  return false;
}

void Simulation::record(const Action& action, machine::PointId point) {
  taken_.push_back({frame_->where, point, frame_->seen[point], action});
  ++stats_.actions[static_cast<unsigned>(action.kind)];
  if (action.kind == ActionKind::enter)
    ++stats_.entered[static_cast<unsigned>(action.lane.kind)][point];
  note(0x100u + static_cast<unsigned>(action.kind) * 0x10000u + action.lane.index * 0x100u +
       action.value);
  frame_->disturbed = true;
  if (recording_ != Recording::decisions) {
    add_event(EventKind::decision, point);
    events_.back().action = action;
    if (onlooker_ != nullptr) onlooker_->decided(*task_->running);
  }
}

/// Carries a legal action out. Returns true if the primitive shall fail.
bool Simulation::take(const Action& action, machine::PointId point) {
  record(action, point);
  switch (action.kind) {
    case ActionKind::fail_sticky:
      sticky_[point] = true;
      any_sticky_ = true;
      for (auto& task : tasks_) {
        for (unsigned level = 0; level < task->depth; ++level) task->frames[level].wake = 0;
      }
      [[fallthrough]];
    case ActionKind::fail:
      note_failure(point, true);
      return true;
    case ActionKind::enter:
      enter(action.lane);
      return false;
    case ActionKind::run:
      switch_to(*find_runnable(action.lane));
      return false;
    case ActionKind::migrate: {
      SimTask& own = *task_;
      cpus_[own.cpu].running = nullptr;
      own.cpu = action.value;
      if (can_continue(own)) {
        install(own);
      } else if (SimTask* next = pick_next(&own)) {
        switch_to(*next);
      }
      return false;
    }
    case ActionKind::stall:
      task_->run_state = TaskState::stalled;
      task_->stalled_since = now_ns_;
      if (SimTask* next = pick_next(task_)) switch_to(*next);
      return false;
    case ActionKind::delay:
      raise_delay_ = action.value == 0 ? kNever : action.value;
      return false;
  }
  return false;
}

void Simulation::note_failure(machine::PointId point, bool injected) {
  const Unwatched unwatched;
  Frame& frame = *frame_;
  frame.causes.add(point, injected);
  const auto context = static_cast<unsigned>(frame.context);
  ++(injected ? stats_.injected : stats_.failed)[context][point];
  note(point + (injected ? 0x2000000u : 0x1000000u));
  if (!injected && recording_ != Recording::decisions) add_event(EventKind::fail, point);
}

void Simulation::add_event(EventKind kind, machine::PointId point, std::uint64_t value) {
  const Frame& frame = *frame_;
  events_.push_back({.kind = kind,
                     .cpu = static_cast<std::uint8_t>(task_->cpu),
                     .depth = static_cast<std::uint8_t>(task_->depth - 1),
                     .context = frame.context,
                     .lane = task_->lane,
                     .where = frame.where,
                     .point = point,
                     .occurrence = frame.seen[point],
                     .action = {},
                     .value = value,
                     .choices = {},
                     .access = {},
                     .state = {}});
}

void Simulation::add_lock_event(EventKind kind, machine::Site site, const void* word) {
  if (recording_ == Recording::decisions) return;
  const auto seen = std::ranges::find(locks_seen_, word);
  const auto number = static_cast<std::uint64_t>(seen - locks_seen_.begin());
  if (seen == locks_seen_.end()) locks_seen_.push_back(word);
  const machine::Verb verb = kind == EventKind::lock ? machine::Verb::lock : machine::Verb::unlock;
  add_event(kind, machine::point(site, verb), number);
}

}  // namespace anyctx::inject
