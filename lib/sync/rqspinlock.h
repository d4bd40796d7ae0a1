// RqSpinLock: a queued spinlock for every context, whose wait is bounded: it detects deadlocks, and
// gives up after a time. Source: Linux 7.3 kernel/bpf/rqspinlock.c (word, stages, bounds, results).
//
// The word holds the owner's bit, a bit for one pending waiter, and the tail of a queue (MCS) whose
// head watches the word. Whoever gives up leaves no trace: its pending bit, its place in the queue,
// its entry in the table of held locks.
//
// Not fair once somebody gave up, and no protection against unlocking in the wrong order beyond a
// report.
#pragma once

#include <cerrno>

#include "lib/sync/rq_cpu.h"

namespace anyctx::sync {

/// Legal in every context. Never sleeps; waits for a bounded time (see the constants), and not at
/// all in an NMI or a probe program that hit code which queues for some lock. With the lock held,
/// preemption is off. As with other locks, one that is taken in an interrupt must be taken with
/// that interrupt off everywhere else, except in NMIs: otherwise waits may have no bound.
template <machine::Machine M>
class RqSpinLock {
 public:
  static constexpr std::uint64_t kMillisecond = 1'000'000;            // in nanoseconds
  static constexpr std::uint64_t kPendingLimit = 250 * kMillisecond;  // as the pending waiter
  static constexpr std::uint64_t kHeadLimit = 500 * kMillisecond;     // as the head of the queue
  static constexpr std::uint64_t kTestAndSetLimit = 1000 * kMillisecond;
  static constexpr std::uint64_t kDeadlockCheckInterval = kMillisecond;

  /// `cpus` is not owned.
  explicit RqSpinLock(RqCpus<M>& cpus) : cpus_(&cpus) {}
  RqSpinLock(const RqSpinLock&) = delete;
  RqSpinLock& operator=(const RqSpinLock&) = delete;

  /// 0: the lock is held. Otherwise it is not, and nothing else has changed either:
  ///  -EDEADLK    this CPU holds it, or waits for a CPU that waits for this one, or may not queue
  ///  -ETIMEDOUT  it was not to be had in time, or those ahead in the queue gave up: no time need
  ///              have passed
  /// Both may come when the lock is free by now. A caller may retry, or do without.
  [[nodiscard]] int lock() {
    M::preempt_disable();
    RqCpu<M>& cpu = cpus_->here();
    cpu.held.push(this);
    const int result = attempt(cpu);
    if (result == 0) return 0;
    cpu.held.pop();
    M::preempt_enable();
    return result;
  }

  /// Locks are released in the reverse order. The word goes first: an NMI before the pop still
  /// finds the entry, and so fails at once if others queue, instead of waiting in vain.
  void unlock() {
    RqCpu<M>& cpu = cpus_->here();
    if (!cpu.held.may_be_top(this)) return M::bug(machine::Bug::bad_unlock, this);
    const std::uint32_t before = word_.fetch_and(~kLocked, std::memory_order_release);
    if ((before & kLocked) == 0) return M::bug(machine::Bug::bad_unlock, this);
    cpu.held.pop();
    M::preempt_enable();
  }

  /// With interrupts off as well. `state` means something only if the result is 0.
  [[nodiscard]] int lock_irqsave(machine::IrqState& state) {
    state = M::irq_save();
    const int result = lock();
    if (result != 0) M::irq_restore(state);
    return result;
  }
  void unlock_irqrestore(machine::IrqState state) {
    unlock();
    M::irq_restore(state);
  }

  /// For oracles: the word, 0 if nobody has, awaits or queues for the lock. Not a decision point.
  std::uint32_t peek() const { return word_.peek(); }

 private:
  static constexpr std::uint32_t kLocked = 1;
  static constexpr std::uint32_t kPending = 1u << 8;
  static constexpr unsigned kIndexShift = 16;  // of the node, within its CPU
  static constexpr unsigned kCpuShift = 18;    // number + 1
  static constexpr std::uint32_t kTail = ~0u << kIndexShift;
  static constexpr std::uint64_t kForever = ~std::uint64_t{0};
  static_assert(M::kMaxCpus < 1u << (32 - kCpuShift));

  int attempt(RqCpu<M>& cpu) {
    // What may happen below for many reasons may be asked for here, where nothing else stands in
    // the way.
    if (M::fails(site::rq_deadlock, false)) return -EDEADLK;
    if (M::fails(site::rq_timeout, false)) return -ETIMEDOUT;
    if (!cpus_->has_queues()) {
      return wait(
          cpu, [this] { return try_word(); }, kTestAndSetLimit, ~0u);
    }
    std::uint32_t found = 0;
    if (word_.cas(found, kLocked)) [[likely]]
      return 0;
    return wait_pending(cpu, found);
  }

  bool try_word() {
    std::uint32_t free = 0;
    return word_.load(std::memory_order_relaxed) == 0 && word_.cas(free, kLocked);
  }

  /// The first to wait sets the pending bit and watches the word.
  int wait_pending(RqCpu<M>& cpu, std::uint32_t found) {
    if (M::fails(site::rq_no_node, !may_wait(cpu))) return try_once();
    // Free, with a waiter about to take it: the next look shows an owner.
    if (found == kPending) found = word_.load(std::memory_order_relaxed);
    if ((found & ~kLocked) != 0) return wait_queued(cpu);
    found = word_.fetch_or(kPending);
    if ((found & ~kLocked) != 0) {
      if ((found & kPending) == 0) word_.fetch_and(~kPending);
      return wait_queued(cpu);
    }
    if ((found & kLocked) != 0) {
      const auto is_free = [this] { return (word_.load() & kLocked) == 0; };
      const int result = wait(cpu, is_free, kPendingLimit, kLocked);
      if (result != 0) {
        word_.fetch_and(~kPending);
        return result;
      }
    }
    word_.fetch_add(kLocked - kPending, std::memory_order_acquire);
    return 0;
  }

  /// Everybody else queues.
  int wait_queued(RqCpu<M>& cpu) {
    if (M::fails(site::rq_deadlock, cpu.held.holds(this))) return -EDEADLK;
    const std::uint32_t index = cpu.nodes_used.load(std::memory_order_relaxed);
    if (M::fails(site::rq_no_node, index >= RqCpu<M>::kNodes)) return try_once();
    // Before it shows in the count. If nested code leaves its own context there, may_wait() is only
    // stricter than it need be.
    cpu.nodes[index].context.store(M::context(), std::memory_order_relaxed);
    cpu.nodes_used.store(index + 1, std::memory_order_relaxed);
    const int result = wait_in_line(cpu, index);
    cpu.nodes_used.store(index, std::memory_order_relaxed);
    return result;
  }

  /// Only heads of queues look for deadlocks and at the clock, and one that was interrupted does
  /// not. So code that hit code in a queue may wait only if whoever is ahead of it cannot depend on
  /// that queue: not in an NMI, and not in a probe program, which runs in the context it hit. For
  /// interrupts it takes the usual discipline (see the class).
  static bool may_wait(RqCpu<M>& cpu) {
    const std::uint32_t used = cpu.nodes_used.load(std::memory_order_relaxed);
    if (used == 0) return true;
    const machine::Context context = M::context();
    if (!M::tells_nmi() || context == machine::Context::nmi) return false;
    const unsigned innermost = used < RqCpu<M>::kNodes ? used - 1 : RqCpu<M>::kNodes - 1;
    return cpu.nodes[innermost].context.load(std::memory_order_relaxed) < context;
  }

  int try_once() { return try_word() ? 0 : -EDEADLK; }

  int wait_in_line(RqCpu<M>& cpu, std::uint32_t index) {
    RqNode<M>& node = cpu.nodes[index];
    node.next.store(nullptr, std::memory_order_relaxed);
    node.handed.store(HandOver::none, std::memory_order_relaxed);
    if (try_word()) return 0;  // it has been a while
    const std::uint32_t tail = (M::cpu() + 1) << kCpuShift | index << kIndexShift;
    const std::uint32_t before = swap_tail(tail);
    if ((before & kTail) != 0) {
      node_of(before).next.store(&node);
      const HandOver handed = await_hand_over(node);
      if (M::fails(site::rq_timeout, handed == HandOver::leave)) {
        return leave_line(node, tail, -ETIMEDOUT);
      }
    }
    const auto is_free = [this] { return (word_.load() & (kLocked | kPending)) == 0; };
    const int result = wait(cpu, is_free, kHeadLimit, kLocked | kPending);
    if (result != 0) return leave_line(node, tail, result);
    take_over(node, tail);
    return 0;
  }

  /// Bounded by what the predecessors wait and do: each of them hands over, whatever its result.
  HandOver await_hand_over(RqNode<M>& node) {
    HandOver handed = HandOver::none;
    const auto was_handed = [&] { return (handed = node.handed.load()) != HandOver::none; };
    M::spin_until(site::rq_spin, was_handed, kForever);
    return handed;
  }

  /// The lock is free and this is the head of the queue: nobody else can take it.
  void take_over(RqNode<M>& node, std::uint32_t tail) {
    // The last in the queue takes the tail away, too. A pending bit that shows here belongs to
    // somebody who saw the tail and is about to take it back; that one need not queue afterwards,
    // so it must not be waited for.
    std::uint32_t found = word_.load(std::memory_order_relaxed);
    while ((found & kTail) == tail) {
      if (word_.cas(found, (found & kPending) | kLocked)) return;
    }
    word_.fetch_or(kLocked);
    successor_of(node).handed.store(HandOver::head);
  }

  /// The head gives up. A deadlock is its own affair; after a timeout the whole queue leaves.
  int leave_line(RqNode<M>& node, std::uint32_t tail, int result) {
    std::uint32_t found = word_.load(std::memory_order_relaxed);
    while ((found & kTail) == tail) {
      if (word_.cas(found, found & ~kTail)) return result;
    }
    const HandOver handed = result == -ETIMEDOUT ? HandOver::leave : HandOver::head;
    successor_of(node).handed.store(handed);
    return result;
  }

  /// Somebody became the tail after this node, and is about to say so.
  RqNode<M>& successor_of(RqNode<M>& node) {
    RqNode<M>* next = nullptr;
    const auto is_linked = [&] { return (next = node.next.load()) != nullptr; };
    M::spin_until(site::rq_spin, is_linked, kForever);
    return *next;
  }

  /// Returns the word as it was.
  std::uint32_t swap_tail(std::uint32_t tail) {
    std::uint32_t found = word_.load(std::memory_order_relaxed);
    while (!word_.cas(found, (found & ~kTail) | tail)) {
    }
    return found;
  }

  RqNode<M>& node_of(std::uint32_t word) {
    const unsigned cpu = (word >> kCpuShift) - 1;
    return cpus_->of(cpu).nodes[word >> kIndexShift & (RqCpu<M>::kNodes - 1)];
  }

  /// Waits until `is_ready()`, at most `limit` nanoseconds. `busy_bits`: those of the word that say
  /// that somebody is ahead.
  template <class Ready>
  int wait(RqCpu<M>& cpu, Ready is_ready, std::uint64_t limit, std::uint32_t busy_bits) {
    if (is_ready()) return 0;
    if (M::fails(site::rq_deadlock, cpu.held.holds(this))) return -EDEADLK;
    std::uint64_t now = M::now_ns();
    std::uint64_t checked = now;
    const std::uint64_t end = now + limit;
    for (;;) {
      if (M::fails(site::rq_timeout, now > end)) return -ETIMEDOUT;
      if (now > checked + kDeadlockCheckInterval) {
        checked = now;
        if (M::fails(site::rq_deadlock, is_in_cycle(cpu, busy_bits))) return -EDEADLK;
      }
      const std::uint64_t next_check = checked + kDeadlockCheckInterval;
      if (M::spin_until(site::rq_spin, is_ready, next_check < end ? next_check : end)) return 0;
      now = M::now_ns();
    }
  }

  /// Whether some CPU holds this lock and attempts one that this CPU holds. Longer cycles run into
  /// the time limit. What was read of the other CPU may be outdated, so this may be wrong.
  bool is_in_cycle(RqCpu<M>& own, std::uint32_t busy_bits) {
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      RqCpu<M>& other = cpus_->of(cpu);
      if (&other == &own) continue;
      if ((word_.load(std::memory_order_relaxed) & busy_bits) == 0) return false;
      const void* const wanted = other.held.wanted_by_holder_of(this);
      if (wanted != nullptr && own.held.holds(wanted)) return true;
    }
    return false;
  }

  RqCpus<M>* cpus_;
  machine::Atomic<M, std::uint32_t, site::rq_word> word_;
};

}  // namespace anyctx::sync
