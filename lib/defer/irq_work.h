// IrqWork: a function that runs in hard interrupt context of the CPU it was queued on.
// Source: Linux 7.3 kernel/irq_work.c (coalescing, order of claim and run).
//
// Differs in one thing. Whoever queues again while the function runs may do so on another CPU, and
// then it runs on both. The kernel has one bit for that, which the first to end clears, so that its
// sync can return while the other still runs. Here runs are counted.
#pragma once

#include "lib/defer/sites.h"
#include "lib/machine/atomic.h"

namespace anyctx::defer {

/// queue() is legal in every context and never waits. Work queued
/// while its function runs is never lost: the function runs again.
template <machine::Machine M>
class IrqWork {
 public:
  using Function = void (*)(void* owner, unsigned cpu);

  /// `function(owner, cpu)` is called for each claimed run. `cpu` names whose work this is.
  void init(Function function, void* owner, unsigned cpu) {
    function_ = function;
    owner_ = owner;
    cpu_ = cpu;
    line_.line.run = [](machine::IrqLine* line) { reinterpret_cast<Line*>(line)->work->run(); };
    line_.work = this;
  }

  /// Returns false if the work was pending already.
  bool queue() {
    const std::uint32_t before = state_.fetch_or(kPending);
    if ((before & kPending) != 0) return false;
    M::raise(site::irq_work, &line_.line);
    return true;
  }

  /// Waits until no run that was queued before the call is pending or in progress. Task context.
  /// Where a machine cannot interrupt itself, the pending work is run here.
  void sync() {
    for (;;) {
      const std::uint32_t state = state_.load();
      if (state == 0) return;
      if (!M::has_self_interrupt() && (state & kPending) != 0) {
        run();
      } else {
        M::relax(site::irq_work_sync);
      }
    }
  }

  /// Runs the work if it is pending. What an interrupt handler does, or a poller without one.
  void run() {
    // PENDING goes first, so that a queue() from here on raises again. Only who cleared it runs.
    std::uint32_t found = state_.load();
    do {
      if ((found & kPending) == 0) return;
    } while (!state_.cas(found, found - kPending + kRun, std::memory_order_seq_cst));
    function_(owner_, cpu_);
    state_.fetch_add(~kRun + 1, std::memory_order_release);
  }

  bool idle() const { return state_.peek() == 0; }

 private:
  static constexpr std::uint32_t kPending = 1;
  static constexpr std::uint32_t kRun = 2;  // of each one that runs

  struct Line {
    machine::IrqLine line;  // first: the machine hands its address back
    IrqWork* work;
  };

  machine::Atomic<M, std::uint32_t, site::irq_work_state> state_;
  Function function_ = nullptr;
  void* owner_ = nullptr;
  unsigned cpu_ = 0;
  Line line_{};
};

}  // namespace anyctx::defer
