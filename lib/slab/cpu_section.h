// CpuSection: the scope in which a frame holds its CPU's slab lock.
#pragma once

#include "lib/page/spin.h"
#include "lib/slab/cache.h"

namespace anyctx::slab {

/// Interrupts are masked inside (RT: migration is). With Spin::never the lock is only tried: test
/// the section before relying on it. It fails if an outer frame of this CPU holds the lock.
template <machine::Machine M>
class [[nodiscard]] CpuSection {
 public:
  CpuSection(Cache<M>& cache, page::Spin spin) : cache_(cache) {
    cpu_ = spin == page::Spin::allowed
               ? sync::local_lock_irqsave<&CpuSlab<M>::lock>(cache.cpus(), irqs_)
               : sync::local_trylock_irqsave<&CpuSlab<M>::lock>(cache.cpus(), irqs_);
  }
  ~CpuSection() {
    if (cpu_ != nullptr) {
      sync::local_unlock_irqrestore<&CpuSlab<M>::lock>(cache_.cpus(), cpu_, irqs_);
    }
  }
  CpuSection(const CpuSection&) = delete;
  CpuSection& operator=(const CpuSection&) = delete;

  explicit operator bool() const { return cpu_ != nullptr; }
  CpuSlab<M>* operator->() { return cpu_; }

  /// Takes the first object of the CPU's freelist, given what it is.
  void* pop(void* first) {
    ANYCTX_CHECK(first != nullptr);
    cpu_->set_freelist(cache_.next_free(first));
    return first;
  }
  void push(void* object) {
    cache_.set_next_free(object, cpu_->load_freelist());
    cpu_->set_freelist(object);
  }

 private:
  Cache<M>& cache_;
  machine::IrqState irqs_{};
  CpuSlab<M>* cpu_;
};

/// True if an outer frame is inside the section: it changes freelist and tid by plain stores,
/// which a swap from here would be lost in. A legal reason to fail or to defer, for nolock
/// operations in any context: an NMI, or a probe program inside the section.
template <machine::Machine M>
bool is_cpu_busy(Cache<M>& cache) {
  sync::pin_cpu<M>();
  const bool held = cache.cpus().here().lock.is_held();
  sync::unpin_cpu<M>();
  // The answer outlives the pinning: a frame that interrupted a section cannot migrate, and one
  // that did not never finds the lock held (RT: held by its own task).
  return M::fails(site::cpu_busy, held);
}

/// Whether (freelist, tid) may be swapped without the lock. Not on RT, where the section can be
/// preempted by another task; not without a double-word swap.
template <machine::Machine M>
bool has_lockless_fast_path() {
  return !M::rt() && M::has_cas2();
}

}  // namespace anyctx::slab
