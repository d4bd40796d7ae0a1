// FrameLock: a spinlock for allocator sections that nested contexts may run into.
//
// On UP a spinlock does not exclude anybody: a trylock succeeds even from inside the section. NMIs
// are refused at the entry for that reason (sync/trylock_rules.h), but code that runs inside the
// section without a change of context, such as a tracing program, is not. Here the lock remembers
// on UP that it is held, so that such a nested trylock fails as it does on SMP. A plain flag will
// do: frames of one CPU nest in LIFO order. RT is different, its locks are real on UP as well.
#pragma once

#include "lib/machine/atomic.h"
#include "lib/page/sites.h"
#include "lib/page/spin.h"
#include "lib/sync/spinlock.h"

namespace anyctx::page {

/// Whether interrupts are off in the section: always, or only where nothing else keeps them out.
enum class Irqs : bool { masked, masked_on_up };

template <machine::Machine M, machine::Site S, Irqs I, sync::OnRt Rt = sync::OnRt::sleeps>
class FrameLock {
 public:
  /// Not held, whatever it was before. Single-threaded.
  void reset() {
    lock_ = {};
    held_.init(0);
  }

  /// Waits; not for nolock operations.
  [[nodiscard]] machine::IrqState lock() {
    if (up()) return lock_up();
    if constexpr (I == Irqs::masked) return lock_.lock_irqsave();
    lock_.lock();
    return machine::IrqState::enabled;
  }
  [[nodiscard]] bool try_lock(machine::IrqState& state) {
    if (up()) return try_lock_up(state);
    if constexpr (I == Irqs::masked) return lock_.try_lock_irqsave(state);
    return lock_.try_lock();
  }
  void unlock(machine::IrqState state) {
    if (up()) return unlock_up(state);
    if constexpr (I == Irqs::masked) return lock_.unlock_irqrestore(state);
    lock_.unlock();
  }

 private:
  static bool up() { return !M::smp() && !M::rt(); }

  // Between masking interrupts and taking the lock only nested code without a context of its own
  // can come, and it finds the flag set.
  machine::IrqState lock_up() {
    const machine::IrqState state = M::irq_save();
    held_.store(1, std::memory_order_relaxed);
    lock_.lock();
    return state;
  }
  bool try_lock_up(machine::IrqState& state) {
    state = M::irq_save();
    const bool held = held_.load(std::memory_order_relaxed) != 0;
    if (!M::fails(site::up_nested, held)) {
      held_.store(1, std::memory_order_relaxed);
      if (lock_.try_lock()) return true;
      held_.store(0, std::memory_order_relaxed);
    }
    M::irq_restore(state);
    return false;
  }
  void unlock_up(machine::IrqState state) {
    lock_.unlock();
    held_.store(0, std::memory_order_relaxed);
    M::irq_restore(state);
  }

  sync::BasicSpinLock<M, S, Rt> lock_;
  machine::Atomic<M, std::uint8_t, site::up_flag> held_;
};

/// The scope in which a FrameLock is held. With Spin::never the lock is only tried: test the
/// section before relying on it.
template <class Lock>
class [[nodiscard]] FrameSection {
 public:
  FrameSection(Lock& lock, Spin spin) : lock_(lock) {
    if (spin == Spin::never) {
      held_ = lock.try_lock(irqs_);
    } else {
      irqs_ = lock.lock();
    }
  }
  ~FrameSection() {
    if (held_) lock_.unlock(irqs_);
  }
  FrameSection(const FrameSection&) = delete;
  FrameSection& operator=(const FrameSection&) = delete;
  explicit operator bool() const { return held_; }

 private:
  Lock& lock_;
  machine::IrqState irqs_{};
  bool held_ = true;
};

}  // namespace anyctx::page
