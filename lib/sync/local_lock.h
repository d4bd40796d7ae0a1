// LocalLock: protects one CPU's data against nested contexts of that CPU, by a flag, not atomics.
// Correct only because nesting on a CPU is strictly LIFO. Source: Linux 7.3 local_lock_internal.h
// (local_trylock_t).
#pragma once

#include "lib/machine/percpu.h"

namespace anyctx::sync {

/// The flag. Lives inside the per-CPU structure it protects; taken through the functions below,
/// which resolve the CPU after preemption (RT: migration) was disabled.
template <machine::Machine M, machine::Site S>
class LocalLock {
 public:
  [[nodiscard]] bool try_acquire() { return M::local_try_lock(S, &word_); }
  void acquire() { M::local_lock(S, &word_); }
  void release() { M::local_unlock(S, &word_); }
  /// Held by an outer frame of this CPU (RT: by the current task). Preemption must be off.
  bool is_held() const { return M::local_is_locked(S, &word_); }

 private:
  std::uint32_t word_ = 0;
};

template <machine::Machine M>
void pin_cpu() {
  M::rt() ? M::migrate_disable() : M::preempt_disable();
}
template <machine::Machine M>
void unpin_cpu() {
  M::rt() ? M::migrate_enable() : M::preempt_enable();
}

/// Tries the local lock of this CPU. Returns this CPU's data, pinned, or null if an outer frame
/// holds it; on RT also in hardirq and NMI. Never waits.
template <auto Lock, machine::Machine M, class T>
[[nodiscard]] T* local_trylock(machine::PerCpu<M, T>& percpu) {
  if (M::rt() && M::context() >= machine::Context::hardirq) return nullptr;
  pin_cpu<M>();
  T& here = percpu.here();
  if ((here.*Lock).try_acquire()) return &here;
  unpin_cpu<M>();
  return nullptr;
}

/// Takes the local lock of this CPU. Task context only: an outer frame that holds it would be
/// waited for (the kernel asserts that none does).
template <auto Lock, machine::Machine M, class T>
[[nodiscard]] T* local_lock(machine::PerCpu<M, T>& percpu) {
  pin_cpu<M>();
  T& here = percpu.here();
  (here.*Lock).acquire();
  return &here;
}

template <auto Lock, machine::Machine M, class T>
void local_unlock(machine::PerCpu<M, T>&, T* here) {
  (here->*Lock).release();
  unpin_cpu<M>();
}

/// The irqsave forms mask interrupts instead of preemption while the lock is held; on RT they are
/// the plain forms, since the lock itself keeps other tasks out and handlers are threads.
template <machine::Machine M>
[[nodiscard]] machine::IrqState pin_cpu_irqsave() {
  if (!M::rt()) return M::irq_save();
  M::migrate_disable();
  return machine::IrqState::enabled;
}
template <machine::Machine M>
void unpin_cpu_irqrestore(machine::IrqState state) {
  M::rt() ? M::migrate_enable() : M::irq_restore(state);
}

/// As local_trylock, with interrupts masked: only an NMI or a nested probe program can find the
/// lock held.
template <auto Lock, machine::Machine M, class T>
[[nodiscard]] T* local_trylock_irqsave(machine::PerCpu<M, T>& percpu, machine::IrqState& state) {
  if (M::rt() && M::context() >= machine::Context::hardirq) return nullptr;
  state = pin_cpu_irqsave<M>();
  T& here = percpu.here();
  if ((here.*Lock).try_acquire()) return &here;
  unpin_cpu_irqrestore<M>(state);
  return nullptr;
}

/// As local_lock, with interrupts masked, and therefore legal in softirq and hardirq as well (on
/// RT, where it sleeps, in preemptible tasks only).
template <auto Lock, machine::Machine M, class T>
[[nodiscard]] T* local_lock_irqsave(machine::PerCpu<M, T>& percpu, machine::IrqState& state) {
  state = pin_cpu_irqsave<M>();
  T& here = percpu.here();
  (here.*Lock).acquire();
  return &here;
}

template <auto Lock, machine::Machine M, class T>
void local_unlock_irqrestore(machine::PerCpu<M, T>&, T* here, machine::IrqState state) {
  (here->*Lock).release();
  unpin_cpu_irqrestore<M>(state);
}

}  // namespace anyctx::sync
