// SchedulerLock: a caller of code for every context who has a lock of the scheduler.
//
// Programs that trace the scheduler run like that. Interrupts are off, nothing may sleep, and
// nobody may be woken: a wake-up takes such locks. The machine has none of its own, for nothing
// that it runs schedules. Limits: locks of this kind count as one, whatever CPU they belong to.
#pragma once

#include <algorithm>

#include "inject/sim/sim_machine.h"

namespace anyctx::inject {

inline constexpr machine::Site scheduler_lock{27};

/// For the schemas of targets with such callers.
inline constexpr machine::SiteInfo kSchedulerTable[] = {
    {scheduler_lock, machine::SiteKind::raw_lock, "scheduler.lock", machine::verbs(),
     "lock of a run queue or of a task's priority"},
};

/// A scope in which the task that runs has one.
class SchedulerLock {
 public:
  SchedulerLock() : task_(&Simulation::current().task()), irqs_(Sim::irq_save()) {
    Simulation::current().takes_lock(scheduler_lock, task_);
  }
  ~SchedulerLock() {
    Simulation::current().drops_lock(scheduler_lock, task_);
    Sim::irq_restore(irqs_);
  }
  SchedulerLock(const SchedulerLock&) = delete;
  SchedulerLock& operator=(const SchedulerLock&) = delete;

 private:
  const SimTask* task_;
  machine::IrqState irqs_;
};

/// Whether a task has one of the locks that are held.
template <class HeldLocks>
bool has_scheduler_lock(const HeldLocks& held, const SimTask* task) {
  return std::ranges::any_of(
      held, [&](const auto& h) { return h.site == scheduler_lock && h.owner == task; });
}

inline constexpr const char* kWakeUpRule =
    "a wake-up takes a lock of the scheduler, which no task takes that it holds";

}  // namespace anyctx::inject
