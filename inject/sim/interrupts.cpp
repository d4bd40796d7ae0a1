// Interrupts: handlers that decisions enter, and deferred work that the machine delivers.
#include <fmt/format.h>

#include <algorithm>

#include "inject/sim/scheduler_lock.h"
#include "inject/sim/simulation.h"
#include "lib/machine/raw.h"

namespace anyctx::inject {
namespace {

// An interrupt may hit a probe program in an NMI in a softirq in a task; deeper nesting adds
// nothing.
constexpr unsigned kMaxHandlerDepth = 9;

machine::Context context_of(LaneKind kind, machine::Context interrupted) {
  switch (kind) {
    case LaneKind::nmi:
      return machine::Context::nmi;
    case LaneKind::irq:
      return machine::Context::hardirq;
    case LaneKind::softirq:
      return machine::Context::softirq;
    case LaneKind::reentry:
    case LaneKind::task:
    case LaneKind::work:
    case LaneKind::worker:
      return interrupted;
  }
  return interrupted;
}

/// Whether a handler takes the CPU away, rather than being called by what it nests in.
bool is_interrupt(const Frame& frame) {
  return frame.where.lane.kind != LaneKind::reentry && frame.context != machine::Context::task;
}

bool runs_irq_work(const SimTask& task) {
  const std::span<const Frame> frames(task.frames.data(), task.depth);
  return std::ranges::any_of(frames,
                             [](const Frame& f) { return f.where.lane.kind == LaneKind::work; });
}

}  // namespace

bool Simulation::may_enter(LaneKind kind) {
  if (task_->depth >= kMaxHandlerDepth) return false;
  const bool irqs_on = task_->state.irqs == machine::IrqState::enabled;
  switch (kind) {
    case LaneKind::nmi:
      return frame_->context != machine::Context::nmi;
    case LaneKind::irq:
      return irqs_on && frame_->context < machine::Context::hardirq;
    case LaneKind::softirq:
      return irqs_on && frame_->context < machine::Context::softirq;
    case LaneKind::reentry:
      return config_.reentry && frame_->kind == FrameKind::op;
    case LaneKind::task:
    case LaneKind::work:
    case LaneKind::worker:
      return false;
  }
  return false;
}

/// Runs a handler above the interrupted frame and comes back. The interrupted code must not notice.
void Simulation::enter(Lane lane) {
  struct Call {
    Lane lane;
    std::uint16_t entry;
  } call{lane, lane_entries_[static_cast<unsigned>(lane.kind)][lane.index]++};
  const CpuState before = task_->state;
  for (unsigned level = 0; level < task_->depth; ++level) task_->frames[level].disturbed = true;
  if (lane.kind == LaneKind::reentry) ++stats_.reentries;
  const machine::Context context = context_of(lane.kind, frame_->context);
  push_frame(FrameKind::handler, context, {lane, 0, call.entry});
  frame_->wake = UINT32_MAX;
  if (context >= machine::Context::hardirq) task_->state.irqs = machine::IrqState::disabled;
  frame_->at_begin = task_->state;
  nested(
      [](Simulation& simulation, void* c) {
        const Call& inner = *static_cast<Call*>(c);
        simulation.handlers_->run_handler(inner.lane, inner.entry);
      },
      &call);
  check_state_restored(*frame_);
  pop_frame();
  task_->state = before;
  deliver_due();
}

/// Runs a handler or deferred work, whose frame is there. Under TSan it has an identity and a stack
/// of its own, so that a race between it and the interrupted code is a race. Elsewhere this is a
/// call.
void Simulation::nested(void (*function)(Simulation&, void*), void* argument) {
  if constexpr (machine::raw::kTsan) {
    struct Call {
      Simulation* simulation;
      void (*function)(Simulation&, void*);
      void* argument;
      Fiber* back;
    } call{this, function, argument, task_->running};
    Fiber& fiber = handler_fiber();
    fiber.start(
        [](void* c) -> Fiber& {
          Call& inner = *static_cast<Call*>(c);
          Simulation& own = *inner.simulation;
          const bool interrupt = is_interrupt(*own.frame_);
          if (interrupt) own.order_irqs_off(&order_after);
          inner.function(own, inner.argument);
          if (interrupt) own.order_irqs_off(&order_before);
          own.task_->running = inner.back;
          return *inner.back;
        },
        &call, main_fiber_);
    task_->running = &fiber;
    Fiber::switch_to(*call.back, fiber);
  } else {
    function(*this, argument);
  }
}

/// Who runs the handler whose frame is the top one. Each context of a CPU is one thread to TSan, as
/// it is never in progress twice. What a task calls, a probe program or threaded work, is its own.
Fiber& Simulation::handler_fiber() {
  std::unique_ptr<Fiber>& fiber =
      is_interrupt(*frame_)
          ? cpus_[task_->cpu].handler_fibers[static_cast<unsigned>(frame_->context)]
          : task_->nested_fibers[task_->depth - 1];
  if (!fiber) fiber = std::make_unique<Fiber>(SimTask::kStackBytes);
  return *fiber;
}

void Simulation::raise(machine::Site site, machine::IrqLine* line) {
  const Unwatched unwatched;
  order_before(line);
  raise_delay_ = 0;
  visit(point(site, machine::Verb::raise), Access::special());
  const unsigned delay = std::exchange(raise_delay_, 0);
  if (line->raised) return;
  line->raised = true;
  cpus_[task_->cpu].pending.push_back({line, delay});
  deliver_due();
}

void Simulation::wake_worker(machine::Site site, std::optional<unsigned> cpu,
                             machine::IrqLine* line) {
  const Unwatched unwatched;
  order_before(line);
  raise_delay_ = 0;
  visit(point(site, machine::Verb::raise), Access::special());
  const unsigned delay = std::exchange(raise_delay_, 0);
  if (has_scheduler_lock(held_, task_)) {
    stop(VerdictKind::deadlock, kWakeUpRule, "an irq_work that wakes the worker",
         fmt::format("raises {}", site_names_[site.id]));
  }
  if (frame_->nolock || frame_->context == machine::Context::nmi) {
    stop(VerdictKind::forbidden_action, "a nolock operation or an NMI wakes no worker",
         "an irq_work that does", fmt::format("raises {}", site_names_[site.id]));
  }
  if (line->raised) return;
  line->raised = true;
  cpus_[cpu.value_or(task_->cpu)].works.push_back({line, delay});
}

bool Simulation::has_due(const std::vector<PendingLine>& lines) {
  return std::ranges::any_of(lines, [](const PendingLine& p) { return p.delay == 0; });
}

/// With interrupts off, code excludes interrupts and other such code of its CPU. Nothing excludes
/// an NMI, nor does an NMI exclude anything.
void Simulation::order_irqs_off(Order order) {
  if (frame_->context != machine::Context::nmi) order(&cpus_[task_->cpu].irqs_off);
  order_preemption_off(order);
}

/// With preemption or interrupts off, a task excludes other such tasks of its CPU.
void Simulation::order_preemption_off(Order order) {
  if (frame_->context == machine::Context::task) order(&cpus_[task_->cpu].preemption_off);
}

void Simulation::preempt_enable() {
  const Unwatched unwatched;
  if constexpr (machine::raw::kTsan) order_preemption_off(&order_before);
  --task_->state.preempt_depth;
  if (config_.rt) deliver_due();
}

/// Delivers what is due on this CPU, if it can be interrupted. On RT the CPU's interrupt thread
/// does it: it has the highest priority, so it preempts the task as soon as that is possible. While
/// setting up or tearing down there is no such thread: its work is nested in the one task, but not
/// in a section, where the thread would wait for the task to go on, and not in such work.
void Simulation::deliver_due() {
  note_between();
  if (config_.rt && !task_->preemptible()) return;
  if (config_.rt && !alone_) {
    SimTask& thread = *tasks_[kIrqThreads + task_->cpu];
    if (task_ == &thread || !can_continue(thread)) return;
    cpus_[task_->cpu].preempted = task_;
    switch_to(thread);
    return;
  }
  const bool is_late = task_->state.locks_held != 0 || runs_irq_work(*task_);
  if (config_.rt && is_late) return;
  const machine::Context context = config_.rt ? machine::Context::task : machine::Context::hardirq;
  Cpu& cpu = cpus_[task_->cpu];
  const Lane lane{LaneKind::work, static_cast<std::uint8_t>(task_->cpu)};
  while (!cpu.pending.empty() && task_->state.irqs == machine::IrqState::enabled &&
         frame_->context < machine::Context::hardirq && task_->depth < kMaxHandlerDepth) {
    if (!run_due(cpu.pending, lane, context)) return;
  }
}

/// For a task that waits while nobody else can run. Returns whether anything was delivered: with
/// interrupts off, what is due must not count as somebody who could end the wait.
bool Simulation::deliver_while_waiting() {
  const std::uint16_t runs = cpus_[task_->cpu].work_runs;
  // The interrupted task waits, the handler does not.
  const TaskState waits = std::exchange(task_->run_state, TaskState::runnable);
  deliver_due();
  task_->run_state = waits;
  return cpus_[task_->cpu].work_runs != runs;
}

/// While setting up or tearing down there are no idle CPUs to interrupt: whoever waits takes the
/// interrupts that were delayed there, as if on that CPU.
void Simulation::interrupt_idle_cpus() {
  const unsigned own = task_->cpu;
  for (unsigned cpu = 0; cpu < config_.cpus; ++cpu) {
    task_->cpu = cpu;
    deliver_due();
  }
  task_->cpu = own;
}

/// While setting up or tearing down there is no worker: whoever waits for one does its work, as if
/// on that worker's CPU.
void Simulation::run_next_work() {
  const unsigned own = task_->cpu;
  for (unsigned cpu = 0; cpu < config_.cpus; ++cpu) {
    if (!has_due(cpus_[cpu].works)) continue;
    task_->cpu = cpu;
    const Lane lane{LaneKind::worker, static_cast<std::uint8_t>(cpu)};
    (void)run_due(cpus_[cpu].works, lane, machine::Context::task);
    task_->cpu = own;
    return;
  }
}

/// Between two operations of a task, its CPU's worker goes on if it has something to do.
void Simulation::yield_to_worker() {
  if (alone_ || task_->lane.kind != LaneKind::task || frame_->kind != FrameKind::base) return;
  SimTask& worker = *tasks_[kWorkers + task_->cpu];
  if (!can_continue(worker)) return;
  cpus_[task_->cpu].yielded = task_;
  switch_to(worker);
}

/// Runs the first line that is due. Returns whether there was one.
bool Simulation::run_due(std::vector<PendingLine>& lines, Lane lane, machine::Context context) {
  const auto due = std::ranges::find(lines, 0u, &PendingLine::delay);
  if (due == lines.end()) return false;
  machine::IrqLine* const line = due->line;
  lines.erase(due);
  run_line(line, lane, context);
  return true;
}

void Simulation::run_line(machine::IrqLine* line, Lane lane, machine::Context context) {
  const CpuState before = task_->state;
  for (unsigned level = 0; level < task_->depth; ++level) task_->frames[level].disturbed = true;
  Cpu& cpu = cpus_[task_->cpu];
  std::uint16_t& runs = lane.kind == LaneKind::worker ? cpu.worker_runs : cpu.work_runs;
  push_frame(FrameKind::work, context, {lane, 0, runs++});
  if (context >= machine::Context::hardirq) task_->state.irqs = machine::IrqState::disabled;
  frame_->at_begin = task_->state;
  arm(*frame_);
  if (recording_ != Recording::decisions) add_event(EventKind::work_begin, 0);
  line->raised = false;
  nested(
      [](Simulation& self, void* l) {
        auto* raised = static_cast<machine::IrqLine*>(l);
        order_after(raised);
        if (raised->run == nullptr) {
          self.stop(VerdictKind::use_after_destroy, "what was raised is there until it has run",
                    "a handler", "memory that has become something else");
        }
        const Watched watched;
        raised->run(raised);
      },
      line);
  check_state_restored(*frame_);
  if (recording_ != Recording::decisions) add_event(EventKind::work_end, 0);
  pop_frame();
  task_->state = before;
}

void Simulation::tick_delays() {
  Cpu& cpu = cpus_[task_->cpu];
  for (std::vector<PendingLine>* lines : {&cpu.pending, &cpu.works}) {
    for (PendingLine& pending : *lines) {
      if (pending.delay != 0 && pending.delay != kNever) --pending.delay;
    }
  }
}

void Simulation::expire_delays() {
  for (Cpu& cpu : cpus_) {
    for (PendingLine& pending : cpu.pending) pending.delay = 0;
    for (PendingLine& pending : cpu.works) pending.delay = 0;
  }
}

/// The body of a CPU's interrupt thread: on RT it is where deferred work runs, in task context;
/// otherwise it is the idle CPU that an interrupt hits.
void Simulation::irq_thread_main(void* argument, Lane lane) {
  Simulation& self = *static_cast<Simulation*>(argument);
  Cpu& cpu = self.cpus_[self.task_->cpu];
  const bool is_idle = !self.config_.rt;
  self.serve(cpu.pending, lane, is_idle ? machine::Context::hardirq : machine::Context::task,
             cpu.preempted);
}

/// The body of a CPU's worker.
void Simulation::worker_main(void* argument, Lane lane) {
  Simulation& self = *static_cast<Simulation*>(argument);
  Cpu& cpu = self.cpus_[self.task_->cpu];
  self.serve(cpu.works, lane, machine::Context::task, cpu.yielded);
}

/// Runs lines while there are any, then whoever made way for them.
void Simulation::serve(std::vector<PendingLine>& lines, Lane lane, machine::Context context,
                       SimTask*& made_way) {
  for (;;) {
    if (run_due(lines, lane, context)) continue;
    SimTask* next = std::exchange(made_way, nullptr);
    if (next == nullptr || !can_continue(*next)) next = pick_next(task_);
    if (next == nullptr) {
      expire_delays();
      next = pick_next(task_);
    }
    if (next == nullptr && has_due(lines)) continue;
    if (next == nullptr) return;
    switch_to(*next);
  }
}

}  // namespace anyctx::inject
