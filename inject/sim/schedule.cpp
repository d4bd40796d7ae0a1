// Tasks and CPUs: which fiber runs, and what happens when it ends or must wait.
#include <fmt/format.h>

#include <algorithm>

#include "inject/sim/asleep.h"
#include "inject/sim/simulation.h"

namespace anyctx::inject {

void Simulation::start_task(SimTask& task, unsigned cpu, TaskFunction function, void* argument) {
  const auto slot = static_cast<std::size_t>(
      std::ranges::find_if(tasks_, [&](const auto& t) { return t.get() == &task; }) -
      tasks_.begin());
  entries_[slot] = {function, argument, this, &task};
  task.cpu = cpu;
  task.run_state = TaskState::runnable;
  task.state = {};
  task.idle_turns = 0;
  task.running = &task.fiber;
  task.depth = 1;
  Frame& base = task.frames[0];
  base.kind = FrameKind::base;
  base.context = machine::Context::task;
  base.nolock = false;
  base.disturbed = false;
  base.spin = {};
  base.steps = 0;
  base.wake = UINT32_MAX;
  base.max_steps = UINT32_MAX;
  base.irqs_off_at = UINT32_MAX;
  base.script = {};
  base.where = {task.lane, 0, 0};
  base.causes.clear();
  task.fiber.start(&Simulation::task_main, &entries_[slot], main_fiber_);
}

Fiber& Simulation::task_main(void* entry) {
  const Entry& own = *static_cast<Entry*>(entry);
  own.function(own.argument, own.task->lane);
  return own.simulation->finish_task();
}

void Simulation::add_task(Lane lane, unsigned cpu, TaskFunction function, void* argument) {
  ANYCTX_CHECK_OP(task_count_, <, kMaxTasks);
  SimTask& task = *tasks_[task_count_++];
  task.lane = lane;
  start_task(task, cpu % config_.cpus, function, argument);
}

bool Simulation::run_alone(void (*function)(void*), void* argument) {
  struct Call {
    void (*function)(void*);
    void* argument;
  } call{function, argument};
  alone_ = true;
  SimTask& boot = *tasks_[kBoot];
  start_task(
      boot, 0,
      [](void* c, Lane) {
        const Call& inner = *static_cast<Call*>(c);
        inner.function(inner.argument);
      },
      &call);
  const bool ended_well = enter_machine(boot);
  alone_ = false;
  return ended_well;
}

bool Simulation::run_tasks() {
  for (unsigned cpu = 0; cpu < config_.cpus; ++cpu) {
    start_task(*tasks_[kIrqThreads + cpu], cpu, &Simulation::irq_thread_main, this);
    start_task(*tasks_[kWorkers + cpu], cpu, &Simulation::worker_main, this);
  }
  SimTask* first = pick_next(nullptr);
  return first == nullptr || enter_machine(*first);
}

bool Simulation::enter_machine(SimTask& first) {
  if (stopped_) return false;
  Simulation* const outer = std::exchange(current_, this);
  install(first);
  Fiber::switch_to(main_fiber_, *first.running);
  end_fibers();
  current_ = outer;
  return !stopped_;
}

/// No task runs any more, those least of all that never return: threads of interrupts and workers.
void Simulation::end_fibers() {
  for (auto& task : tasks_) {
    task->fiber.end();
    task->run_state = TaskState::absent;
  }
  if constexpr (machine::raw::kTsan) {
    const auto end = [](const std::unique_ptr<Fiber>& fiber) {
      if (fiber) fiber->end();
    };
    for (auto& task : tasks_) std::ranges::for_each(task->nested_fibers, end);
    for (Cpu& cpu : cpus_) std::ranges::for_each(cpu.handler_fibers, end);
  }
}

void Simulation::leave_machine() {
  Fiber::leave(*task_->running, main_fiber_);
}

void Simulation::install(SimTask& task) {
  if (task_ != nullptr && task_ != &task) {
    for (unsigned level = 0; level < task.depth; ++level) task.frames[level].disturbed = true;
  }
  task_ = &task;
  frame_ = &task.top();
  if (!frame_->spin.active) note_progress();
  cpus_[task.cpu].running = &task;
  note(static_cast<std::uint64_t>(task.lane.index) << 8 | static_cast<unsigned>(task.lane.kind));
}

bool Simulation::can_continue(const SimTask& task) const {
  if (task.run_state != TaskState::runnable) return false;
  SimTask* running = cpus_[task.cpu].running;
  if (running != nullptr && running != &task && running->run_state != TaskState::finished &&
      running->run_state != TaskState::absent && !running->preemptible()) {
    return false;
  }
  // A CPU's interrupt thread has something to do only when deferred work is due. Without RT it
  // stands in for the interrupt of an idle CPU.
  if (task.lane.kind == LaneKind::work) return task.depth > 1 || has_due(cpus_[task.cpu].pending);
  if (task.lane.kind == LaneKind::worker) return task.depth > 1 || has_due(cpus_[task.cpu].works);
  return true;
}

SimTask* Simulation::pick_next(const SimTask* except) {
  for (const bool accept_stalled : {false, true}) {
    for (auto& task : tasks_) {
      if (task.get() == except) continue;
      if (accept_stalled && task->run_state == TaskState::stalled) {
        task->run_state = TaskState::runnable;
      }
      if (can_continue(*task)) return task.get();
    }
  }
  return nullptr;
}

void Simulation::switch_to(SimTask& next) {
  SimTask& from = *task_;
  if (&next == &from) return;
  install(next);
  from.idle_turns = 0;
  Fiber::switch_to(*from.running, *next.running);
}

/// Returns the fiber to go on with.
Fiber& Simulation::finish_task() {
  SimTask& own = *task_;
  own.run_state = TaskState::finished;
  cpus_[own.cpu].running = nullptr;
  SimTask* next = nullptr;
  if (!alone_) {
    next = pick_next(nullptr);
    if (next == nullptr) {
      expire_delays();
      next = pick_next(nullptr);
    }
  }
  if (next != nullptr) {
    install(*next);
    return *next->running;
  }
  for (auto& task : tasks_) {
    if (task->run_state == TaskState::waiting) {
      // The verdict belongs to a task that waits; it is reported on this fiber, the last to run.
      task->running = own.running;
      task_ = task.get();
      frame_ = &task->top();
      report_deadlock();
    }
  }
  return main_fiber_;
}

void Simulation::wait_for_others() {
  if (SimTask* const next = pick_next(task_)) return switch_to(*next);
  if (!deliver_while_waiting()) report_deadlock();
}

/// Those that can continue, in a circle from the task behind the current one on, which comes last:
/// the first that does not spin, the first that has something new to look at, and the first of
/// those whose time is over first.
Simulation::Spinners Simulation::look_at_spinners() {
  Spinners found;
  const auto own = std::ranges::find_if(tasks_, [&](const auto& t) { return t.get() == task_; });
  const auto look_at = [&](SimTask& task) {
    if (!can_continue(task)) return;
    const Spin& spin = task.top().spin;
    const bool serves = may_serve_asleep(task) && has_due(cpus_[task.cpu].works);
    if (!spin.active || serves) {
      if (found.busy == nullptr) found.busy = &task;
      return;
    }
    if (found.sees_news == nullptr && spin.seen != progress_) found.sees_news = &task;
    if (spin.until_ns >= found.first_ns) return;
    found.first_ns = spin.until_ns;
    found.first = &task;
  };
  for (auto task = own + 1; task != tasks_.end() && found.busy == nullptr; ++task) look_at(**task);
  for (auto task = tasks_.begin(); task <= own && found.busy == nullptr; ++task) look_at(**task);
  return found;
}

/// Who continues now that the current task spins: somebody who does not spin; or who has something
/// new to look at; or whose time is over first, at that time; or who was stalled. Null if nobody
/// can.
SimTask* Simulation::pick_while_spinning() {
  const Spinners found = look_at_spinners();
  if (found.busy != nullptr) return found.busy;
  if (found.sees_news != nullptr) return found.sees_news;
  if (found.first != nullptr) {
    now_ns_ = std::max(now_ns_, found.first_ns + 1);
    note(now_ns_);
    // Who retries for ever what a stalled task stands in the way of would keep it from going on.
    for (auto& task : tasks_) {
      const bool is_stalled = task->run_state == TaskState::stalled;
      if (is_stalled && now_ns_ - task->stalled_since > SimTask::kLongestStall) {
        task->run_state = TaskState::runnable;
      }
    }
    return found.first;
  }
  for (auto& task : tasks_) {
    if (task->run_state == TaskState::stalled) task->run_state = TaskState::runnable;
  }
  return look_at_spinners().busy;
}

void Simulation::report_deadlock() {
  std::string cycle;
  for (auto& task : tasks_) {
    if (task->run_state != TaskState::waiting) continue;
    const HeldLock* holder = holder_of(task->waits_for);
    cycle +=
        fmt::format("{}task{} waits at {} for task{}", cycle.empty() ? "" : ", ", task->lane.index,
                    name_of(task->waits_at), holder != nullptr ? holder->owner->lane.index : 0);
  }
  stop(VerdictKind::deadlock, "some task must be able to run", "a lock that is released",
       std::move(cycle));
}

}  // namespace anyctx::inject
