// HashLock: the lock of a bucket, and what keeps a CPU from taking it twice.
// Source: Linux 7.3 kernel/bpf/hashtab.c (resilient locks); Linux 6.12 (guards of raw locks).
#pragma once

#include <cerrno>

#include "lib/bpf/pool_sites.h"
#include "lib/machine/percpu.h"
#include "lib/sync/rqspinlock.h"
#include "lib/sync/spinlock.h"

namespace anyctx::bpf {

enum class HashLocking : std::uint8_t {
  resilient,  // locks find deadlocks themselves
  guarded,    // locks spin; each CPU counts its users, so that nobody waits for himself
};

/// How many updates of some buckets a CPU has begun and not ended. Nested ones leave the counts as
/// they found them.
template <machine::Machine M>
class HashGuards {
 public:
  static constexpr std::uint32_t kMost = 8;

  /// Single-threaded. Buckets share guards, so there are no more of these than buckets: two keys of
  /// a bucket have the same guard.
  void init(std::uint32_t buckets) {
    mask_ = (buckets < kMost ? buckets : kMost) - 1;
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      for (Count& count : counts_.of(cpu).of_group) count.init(0);
      counts_.of(cpu).all.init(0);
    }
  }

  /// Interrupts are off until leave(). 0; or -EBUSY: an update of the same group was interrupted.
  /// `nested`: one of any group was.
  [[nodiscard]] int enter(std::uint32_t hash, bool& nested) {
    Counts& here = counts_.here();
    Count& group = here.of_group[hash & mask_];
    if (M::fails(site::hashtab_busy, group.load(std::memory_order_relaxed) != 0)) return -EBUSY;
    const std::uint32_t others = here.all.load(std::memory_order_relaxed);
    nested = others != 0;
    here.all.store(others + 1, std::memory_order_relaxed);
    group.store(1, std::memory_order_relaxed);
    return 0;
  }
  void leave(std::uint32_t hash) {
    Counts& here = counts_.here();
    here.of_group[hash & mask_].store(0, std::memory_order_relaxed);
    here.all.store(here.all.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
  }

 private:
  using Count = machine::Atomic<M, std::uint32_t, site::hashtab_count>;
  struct Counts {
    Count of_group[kMost];
    Count all;
  };

  std::uint32_t mask_ = 0;
  machine::PerCpu<M, Counts> counts_;
};

/// Taken with interrupts off.
template <machine::Machine M>
class HashLock {
 public:
  explicit HashLock(sync::RqCpus<M>& cpus) : resilient_(cpus) {}

  /// -EDEADLK, -ETIMEDOUT (resilient), -EBUSY (guarded): the lock is not held, interrupts are as
  /// before.
  [[nodiscard]] int lock(HashLocking locking, HashGuards<M>& guards, std::uint32_t hash,
                         machine::IrqState& irqs) {
    if (locking == HashLocking::resilient) return resilient_.lock_irqsave(irqs);
    irqs = M::irq_save();
    bool nested = false;
    int result = guards.enter(hash, nested);
    if (result == 0 && !take(nested)) {
      guards.leave(hash);
      result = -EBUSY;
    }
    if (result != 0) M::irq_restore(irqs);
    return result;
  }
  void unlock(HashLocking locking, HashGuards<M>& guards, std::uint32_t hash,
              machine::IrqState irqs) {
    if (locking == HashLocking::resilient) return resilient_.unlock_irqrestore(irqs);
    raw_.unlock();
    guards.leave(hash);
    M::irq_restore(irqs);
  }

 private:
  /// Who interrupted an update of another bucket must not wait: whoever has this one may be waiting
  /// for that. Nor must an NMI.
  bool take(bool nested) {
    if (nested || M::context() == machine::Context::nmi) return raw_.try_lock();
    raw_.lock();
    return true;
  }

  sync::RqSpinLock<M> resilient_;
  sync::RawSpinLock<M, site::hashtab_lock> raw_;
};

}  // namespace anyctx::bpf
