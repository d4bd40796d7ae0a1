// RqCpu: what resilient spinlocks keep for each CPU: the locks it holds, and its places in queues.
// Source: Linux 7.3 include/asm-generic/rqspinlock.h and kernel/bpf/rqspinlock.c.
//
// Written by the contexts of one CPU, which nest: each leaves the counts as it found them, so that
// they need no atomic update. Other CPUs only read the table of held locks, and what they read may
// be outdated.
#pragma once

#include "lib/machine/atomic.h"
#include "lib/machine/percpu.h"
#include "lib/sync/sites.h"

namespace anyctx::sync {

/// The locks that a CPU holds or attempts, oldest first. The last one is called the top. Those
/// beyond kRecorded are counted only.
template <machine::Machine M>
class HeldLocks {
 public:
  static constexpr unsigned kRecorded = 31;

  /// Before the first look at the lock word: an NMI that hits the owner finds the entry.
  void push(const void* lock) {
    const std::uint32_t count = count_.load(std::memory_order_relaxed);
    count_.store(count + 1, std::memory_order_relaxed);
    if (count < kRecorded) locks_[count].store(lock, std::memory_order_relaxed);
  }

  /// After the last look at the lock word. The entry is cleared first: to others the count says
  /// that there is one.
  void pop() {
    const std::uint32_t count = count_.load(std::memory_order_relaxed);
    if (count <= kRecorded) locks_[count - 1].store(nullptr, std::memory_order_relaxed);
    count_.store(count - 1, std::memory_order_release);
  }

  /// Whether this CPU holds `lock`, or an outer context of it attempts it. Own CPU only; the caller
  /// itself attempts the top.
  bool holds(const void* lock) const {
    const std::uint32_t count = count_.load(std::memory_order_relaxed);
    for (unsigned i = 0; i + 1 < count && i < kRecorded; ++i) {
      if (locks_[i].load(std::memory_order_relaxed) == lock) return true;
    }
    return false;
  }

  /// Of another CPU: the top, if `lock` is below it; otherwise, or if the top is unknown, null.
  const void* wanted_by_holder_of(const void* lock) const {
    const std::uint32_t count = count_.load(std::memory_order_acquire);
    if (count < 2 || count > kRecorded) return nullptr;
    for (unsigned i = 0; i + 1 < count; ++i) {
      if (locks_[i].load(std::memory_order_relaxed) != lock) continue;
      return locks_[count - 1].load(std::memory_order_relaxed);
    }
    return nullptr;
  }

  /// Own CPU only. Cannot tell for locks beyond kRecorded.
  bool may_be_top(const void* lock) const {
    const std::uint32_t count = count_.load(std::memory_order_relaxed);
    if (count == 0 || count > kRecorded) return count != 0;
    return locks_[count - 1].load(std::memory_order_relaxed) == lock;
  }

  /// For oracles: not a decision point.
  unsigned count() const { return count_.peek(); }

 private:
  machine::Atomic<M, std::uint32_t, site::rq_held> count_;
  machine::Atomic<M, const void*, site::rq_held> locks_[kRecorded];
};

/// What the predecessor in a queue says.
enum class HandOver : std::uint32_t {
  none,   // wait
  head,   // you are the head of the queue now
  leave,  // the head gave up after a timeout: everybody leaves
};

/// A place in a queue.
template <machine::Machine M>
struct RqNode {
  machine::Atomic<M, RqNode*, site::rq_node> next;
  machine::Atomic<M, HandOver, site::rq_node> handed;
  machine::Atomic<M, machine::Context, site::rq_node> context;  // that queues: own CPU only
};

template <machine::Machine M>
struct RqCpu {
  static constexpr unsigned kNodes = 4;  // one for each context that can nest

  HeldLocks<M> held;
  machine::Atomic<M, std::uint32_t, site::rq_node> nodes_used;
  RqNode<M> nodes[kNodes];
};

/// Shared by all locks that may be held together. Zero-initialised; outlives its locks.
template <machine::Machine M>
class RqCpus {
 public:
  enum class Mode : bool { queue, test_and_set };

  /// test_and_set: for guests whose CPUs are taken away for long, where queues do harm. UP machines
  /// do the same.
  explicit RqCpus(Mode mode = Mode::queue) : mode_(mode) {}
  RqCpus(const RqCpus&) = delete;
  RqCpus& operator=(const RqCpus&) = delete;

  bool has_queues() const { return M::smp() && mode_ == Mode::queue; }
  RqCpu<M>& here() { return cpus_.here(); }
  RqCpu<M>& of(unsigned cpu) { return cpus_.of(cpu); }

  /// For oracles: whether no CPU holds, attempts or queues for a lock.
  bool idle() const {
    for (unsigned cpu = 0; cpu < M::kMaxCpus; ++cpu) {
      if (cpus_.of(cpu).held.count() != 0 || cpus_.of(cpu).nodes_used.peek() != 0) return false;
    }
    return true;
  }

 private:
  Mode mode_;
  machine::PerCpu<M, RqCpu<M>> cpus_;
};

}  // namespace anyctx::sync
