// FrameLock: a spinlock for allocator sections that nested contexts may run into.
//
// On UP a spinlock does not exclude anybody: a trylock succeeds even from inside the section. NMIs
// are refused at the entry for that reason (sync/trylock_rules.h), but code that runs inside the
// section without a change of context, such as a tracing program, is not. Here the lock remembers
// on UP that it is held, so that such a nested trylock fails as it does on SMP. A plain flag will
// do: frames of one CPU nest in LIFO order. RT is different, its locks are real on UP as well.
#pragma once

#include "lib/page/sites.h"
#include "lib/sync/spinlock.h"

namespace anyctx::page {

/// Whether interrupts are off in the section: always, or only where nothing else keeps them out.
enum class Irqs : bool { masked, masked_on_up };

template <machine::Machine M, machine::Site S, Irqs I>
class FrameLock {
 public:
  /// Waits; not for nolock operations.
  [[nodiscard]] machine::IrqState lock() {
    const machine::IrqState state = masks() ? lock_.lock_irqsave() : lock_plain();
    if (up()) held_ = true;
    return state;
  }
  [[nodiscard]] bool try_lock(machine::IrqState& state) {
    if (up() && M::fails(site::up_nested, held_)) return false;
    if (!(masks() ? lock_.try_lock_irqsave(state) : lock_.try_lock())) return false;
    if (up()) held_ = true;
    return true;
  }
  void unlock(machine::IrqState state) {
    if (up()) held_ = false;
    masks() ? lock_.unlock_irqrestore(state) : lock_.unlock();
  }

 private:
  static bool up() { return !M::smp() && !M::rt(); }
  static bool masks() { return I == Irqs::masked || up(); }
  machine::IrqState lock_plain() {
    lock_.lock();
    return machine::IrqState::enabled;
  }

  sync::SpinLock<M, S> lock_;
  bool held_ = false;
};

}  // namespace anyctx::page
