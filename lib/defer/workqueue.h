// Work: a function that runs in a thread of some CPU, where it may sleep.
// Source: Linux 7.3 kernel/workqueue.c (schedule_work, flush_work, cancel_work_sync): what is
// coalesced, what runs again, what is waited for.
//
// One word says all: whether the work waits to run, runs, or is on a machine's list, and how many
// runs were asked for and are done. Each run is asked for by one schedule() that returned true.
#pragma once

#include "lib/defer/sites.h"
#include "lib/machine/atomic.h"

namespace anyctx::defer {

/// One work per purpose. It never runs twice at the same time. The owner keeps it until it is idle
/// and nobody schedules it any more.
template <machine::Machine M>
class Work {
 public:
  using Function = void (*)(void* owner);

  /// `function(owner)` is called in task context, for each run.
  void init(Function function, void* owner) {
    function_ = function;
    owner_ = owner;
    line_.line.run = [](machine::IrqLine* line) { reinterpret_cast<Line*>(line)->work->run(); };
    line_.work = this;
  }

  /// Asks for a run that begins after this call. False if one was asked for that has not begun: it
  /// sees what the caller did before. Never waits for a run, but takes locks of the scheduler: not
  /// in an NMI, not in a nolock operation.
  bool schedule() {
    return ask([this] { M::wake_worker(site::work, &line_.line); });
  }
  /// The same on that CPU, unless a worker has the work on its list already. (Work that always asks
  /// for the same CPU always runs there.)
  bool schedule_on(unsigned cpu) {
    return ask([this, cpu] { M::wake_worker_on(site::work, cpu, &line_.line); });
  }

  /// Waits until the runs that were asked for before this call are over. Not those that are asked
  /// for meanwhile, be it by such a run. Where a machine has no workers, runs the work here.
  /// Sleeps: preemptible tasks only, and not this work's function.
  void flush() {
    M::might_sleep(site::work_wait);
    const std::uint64_t target = state_.load() >> kAskedShift & kCountMask;
    for (;;) {
      const std::uint64_t state = state_.load();
      const std::uint64_t done = state >> kDoneShift & kCountMask;
      const bool is_done = ((done - target) & kCountMask) <= kCountMask / 2;
      // A machine that has the work on its list, with nothing to do, still looks at it.
      const bool is_stale = (state & (kPending | kListed)) == kListed;
      if (is_done && !is_stale) return;
      turn(state);
    }
  }

  /// Takes back what was asked for and has not begun, and waits for the run in progress: then the
  /// work is idle, if nobody schedules it meanwhile. Returns whether anything was taken back.
  /// Contexts as for flush().
  bool cancel_sync() {
    M::might_sleep(site::work_wait);
    bool took_back = false;
    std::uint64_t found = state_.load();
    for (;;) {
      if ((found & kPending) != 0) {
        if (!state_.cas(found, found & ~kPending)) continue;
        found &= ~kPending;
        took_back = true;
      }
      if ((found & (kRunning | kListed)) != 0) {
        turn(found);
        found = state_.load();
      } else if (state_.cas(found, all_done(found))) {
        return took_back;
      }
    }
  }

  /// Runs the work as often as it was asked for. What a worker does, or a poller without one.
  void run() {
    std::uint64_t found = state_.load();
    for (;;) {
      // Whoever runs it already looks again before it leaves.
      const bool leaves = (found & kRunning) != 0 || (found & kPending) == 0;
      const std::uint64_t left = found & ~kListed;
      if (state_.cas(found, leaves ? left : begun(left))) {
        if (leaves) return;
        break;
      }
    }
    do {
      function_(owner_);
    } while (goes_on());
  }

  /// For oracles: nothing asked for, running, or on a list.
  bool idle() const { return (state_.peek() & (kPending | kRunning | kListed)) == 0; }

 private:
  static constexpr std::uint64_t kPending = 1;  // asked for, not begun
  static constexpr std::uint64_t kRunning = 2;  // somebody is in run()'s second half
  static constexpr std::uint64_t kListed = 4;   // the machine will call run()
  static constexpr unsigned kAskedShift = 8;
  static constexpr unsigned kDoneShift = 36;
  static constexpr std::uint64_t kCountMask = (std::uint64_t{1} << 28) - 1;

  template <class Wake>
  bool ask(Wake wake) {
    std::uint64_t found = state_.load(std::memory_order_relaxed);
    for (;;) {
      const bool is_pending = (found & kPending) != 0;
      // Written even if nothing changes, so that the run comes after.
      if (!state_.cas(found, is_pending ? found : asked(found))) continue;
      if (is_pending) return false;
      if ((found & kListed) == 0) wake();
      return true;
    }
  }

  struct Line {
    machine::IrqLine line;  // first: the machine hands its address back
    Work* work;
  };

  static std::uint64_t count_up(std::uint64_t state, unsigned shift) {
    const std::uint64_t count = ((state >> shift) + 1) & kCountMask;
    return (state & ~(kCountMask << shift)) | count << shift;
  }
  static std::uint64_t asked(std::uint64_t state) {
    return count_up(state, kAskedShift) | kPending | kListed;
  }
  static std::uint64_t begun(std::uint64_t state) { return (state & ~kPending) | kRunning; }
  static std::uint64_t all_done(std::uint64_t state) {
    const std::uint64_t count = state >> kAskedShift & kCountMask;
    return (state & ~(kCountMask << kDoneShift)) | count << kDoneShift;
  }

  /// A run is over. One that was asked for meanwhile is next; otherwise the word is the owner's,
  /// and not to be touched again.
  bool goes_on() {
    std::uint64_t found = state_.load();
    for (;;) {
      const bool again = (found & kPending) != 0;
      const std::uint64_t done = count_up(found, kDoneShift);
      if (state_.cas(found, again ? begun(done) : done & ~kRunning)) return again;
    }
  }

  void turn(std::uint64_t state) {
    if (!M::has_workers() && (state & kListed) != 0) {
      run();
    } else {
      M::relax(site::work_wait);
    }
  }

  machine::Atomic<M, std::uint64_t, site::work_state> state_;
  Function function_ = nullptr;
  void* owner_ = nullptr;
  Line line_{};
};

}  // namespace anyctx::defer
