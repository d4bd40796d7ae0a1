// SpinLock: preemption off while held; on RT a sleeping lock, held with migration off instead.
// RawSpinLock: spins on RT too. Source: Linux 7.3 include/linux/spinlock{,_rt}.h.
#pragma once

#include "lib/machine/machine.h"

namespace anyctx::sync {

enum class OnRt : bool { sleeps, spins };

/// A spinlock word with the preemption and interrupt rules of its kind. lock*() wait and are not
/// for nolock operations. try_lock*() never wait; on RT a sleeping lock must not be tried in
/// hardirq or NMI (see trylock_rules.h). On UP try_lock succeeds even when the lock is held.
template <machine::Machine M, machine::Site S, OnRt Rt>
class BasicSpinLock {
 public:
  void lock() {
    enter();
    M::lock(S, &word_);
  }
  [[nodiscard]] bool try_lock() {
    enter();
    if (M::try_lock(S, &word_)) return true;
    leave();
    return false;
  }
  void unlock() {
    M::unlock(S, &word_);
    leave();
  }

  /// With interrupts off as well, except for a sleeping lock on RT, which never masks them.
  [[nodiscard]] machine::IrqState lock_irqsave() {
    const machine::IrqState state = irq_save();
    lock();
    return state;
  }
  [[nodiscard]] bool try_lock_irqsave(machine::IrqState& state) {
    state = irq_save();
    if (try_lock()) return true;
    irq_restore(state);
    return false;
  }
  void unlock_irqrestore(machine::IrqState state) {
    unlock();
    irq_restore(state);
  }

 private:
  static bool sleeps() { return Rt == OnRt::sleeps && M::rt(); }
  static void enter() { sleeps() ? M::migrate_disable() : M::preempt_disable(); }
  static void leave() { sleeps() ? M::migrate_enable() : M::preempt_enable(); }
  static machine::IrqState irq_save() {
    return sleeps() ? machine::IrqState::enabled : M::irq_save();
  }
  static void irq_restore(machine::IrqState state) {
    if (!sleeps()) M::irq_restore(state);
  }

  std::uint32_t word_ = 0;
};

template <machine::Machine M, machine::Site S>
using SpinLock = BasicSpinLock<M, S, OnRt::sleeps>;

template <machine::Machine M, machine::Site S>
using RawSpinLock = BasicSpinLock<M, S, OnRt::spins>;

/// A sleeping lock for task context.
template <machine::Machine M, machine::Site S>
class Mutex {
 public:
  void lock() { M::lock(S, &word_); }
  [[nodiscard]] bool try_lock() { return M::try_lock(S, &word_); }
  void unlock() { M::unlock(S, &word_); }

 private:
  std::uint32_t word_ = 0;
};

}  // namespace anyctx::sync
