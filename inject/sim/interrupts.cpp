// Interrupts: handlers that decisions enter, and deferred work that the machine delivers.
#include <algorithm>

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
      return interrupted;
  }
  return interrupted;
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

/// Under TSan, code that interrupts has an identity and a stack of its own, so that a race between
/// it and the interrupted code is a race. Elsewhere this is a call.
void Simulation::nested(void (*function)(Simulation&, void*), void* argument) {
  if constexpr (machine::raw::kTsan) {
    struct Call {
      Simulation* simulation;
      void (*function)(Simulation&, void*);
      void* argument;
      Fiber* back;
    } call{this, function, argument, task_->running};
    SimTask& task = *task_;
    while (task.nested_fibers.size() < task.depth) {
      task.nested_fibers.push_back(std::make_unique<Fiber>(SimTask::kStackBytes));
    }
    Fiber& fiber = *task.nested_fibers[task.depth - 1];
    fiber.start(
        [](void* c) {
          Call& inner = *static_cast<Call*>(c);
          inner.function(*inner.simulation, inner.argument);
          SimTask& own = *inner.simulation->task_;
          Fiber& from = *own.running;
          own.running = inner.back;
          Fiber::leave(from, *inner.back);
        },
        &call);
    task.running = &fiber;
    Fiber::switch_to(*call.back, fiber);
  } else {
    function(*this, argument);
  }
}

void Simulation::raise(machine::Site site, machine::IrqLine* line) {
  const Unwatched unwatched;
  raise_delay_ = 0;
  visit(point(site, machine::Verb::raise));
  const unsigned delay = std::exchange(raise_delay_, 0);
  if (line->raised) return;
  line->raised = true;
  cpus_[task_->cpu].pending.push_back({line, delay});
  deliver_due();
}

bool Simulation::has_due(const Cpu& cpu) const {
  return std::ranges::any_of(cpu.pending, [](const PendingLine& p) { return p.delay == 0; });
}

void Simulation::irqs_enabled_again() {
  const Unwatched unwatched;
  deliver_due();
}

void Simulation::preempt_enable() {
  const Unwatched unwatched;
  --task_->state.preempt_depth;
  if (config_.rt) deliver_due();
}

/// Delivers what is due on this CPU, if it can be interrupted. On RT the CPU's interrupt thread
/// does it: it has the highest priority, so it preempts the task as soon as that is possible. While
/// setting up or tearing down there is no such thread.
void Simulation::deliver_due() {
  if (config_.rt && !task_->preemptible()) return;
  if (config_.rt && !alone_) {
    SimTask& thread = *tasks_[kIrqThreads + task_->cpu];
    if (task_ == &thread || !can_continue(thread)) return;
    cpus_[task_->cpu].preempted = task_;
    switch_to(thread);
    return;
  }
  const machine::Context context = config_.rt ? machine::Context::task : machine::Context::hardirq;
  Cpu& cpu = cpus_[task_->cpu];
  while (!cpu.pending.empty() && task_->state.irqs == machine::IrqState::enabled &&
         frame_->context < machine::Context::hardirq && task_->depth < kMaxHandlerDepth) {
    const auto due = std::ranges::find(cpu.pending, 0u, &PendingLine::delay);
    if (due == cpu.pending.end()) return;
    machine::IrqLine* line = due->line;
    cpu.pending.erase(due);
    run_line(line, context);
  }
}

void Simulation::run_line(machine::IrqLine* line, machine::Context context) {
  const CpuState before = task_->state;
  for (unsigned level = 0; level < task_->depth; ++level) task_->frames[level].disturbed = true;
  const OpRef where{
      {LaneKind::work, static_cast<std::uint8_t>(task_->cpu)}, 0, cpus_[task_->cpu].work_runs++};
  push_frame(FrameKind::work, context, where);
  if (context >= machine::Context::hardirq) task_->state.irqs = machine::IrqState::disabled;
  frame_->at_begin = task_->state;
  arm(*frame_);
  if (recording_ != Recording::decisions) add_event(EventKind::work_begin, 0);
  line->raised = false;
  nested(
      [](Simulation&, void* l) {
        auto* raised = static_cast<machine::IrqLine*>(l);
        raised->run(raised);
      },
      line);
  check_state_restored(*frame_);
  if (recording_ != Recording::decisions) add_event(EventKind::work_end, 0);
  pop_frame();
  task_->state = before;
}

void Simulation::tick_delays() {
  for (PendingLine& pending : cpus_[task_->cpu].pending) {
    if (pending.delay != 0 && pending.delay != kNever) --pending.delay;
  }
}

void Simulation::expire_delays() {
  for (Cpu& cpu : cpus_) {
    for (PendingLine& pending : cpu.pending) pending.delay = 0;
  }
}

/// The body of a CPU's interrupt thread: on RT it is where deferred work runs, in task context;
/// otherwise it is the idle CPU that an interrupt hits.
void Simulation::irq_thread_main(void* argument, Lane) {
  Simulation& self = *static_cast<Simulation*>(argument);
  const Unwatched unwatched;
  for (;;) {
    Cpu& cpu = self.cpus_[self.task_->cpu];
    const auto due = std::ranges::find(cpu.pending, 0u, &PendingLine::delay);
    if (due != cpu.pending.end()) {
      machine::IrqLine* line = due->line;
      cpu.pending.erase(due);
      self.run_line(line, self.config_.rt ? machine::Context::task : machine::Context::hardirq);
      continue;
    }
    SimTask* next = std::exchange(cpu.preempted, nullptr);
    if (next == nullptr || !self.can_continue(*next)) next = self.pick_next(self.task_);
    if (next == nullptr) {
      self.expire_delays();
      next = self.pick_next(self.task_);
    }
    if (next == nullptr && self.has_due(cpu)) continue;
    if (next == nullptr) self.finish_task();
    self.switch_to(*next);
  }
}

}  // namespace anyctx::inject
