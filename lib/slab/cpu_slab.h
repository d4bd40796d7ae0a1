// CpuSlab: the objects and slabs that one CPU of a cache may use without atomics.
// Source: Linux 6.18 mm/slub.c (kmem_cache_cpu).
#pragma once

#include <bit>

#include "lib/machine/atomic.h"
#include "lib/slab/slab.h"
#include "lib/sync/local_lock.h"

namespace anyctx::slab {

/// The fast paths swap (freelist, tid) in one step and take no lock; the slow paths change all
/// fields by plain stores, under the lock and with interrupts masked. The tid names the CPU in its
/// low bits and grows with each operation, so it never has the same value twice: whoever read it
/// before the freelist and finds it unchanged knows that nothing happened in between, and that the
/// task was not moved.
template <machine::Machine M>
struct CpuSlab {
  static constexpr std::uint64_t kTidStep = std::bit_ceil(M::kMaxCpus);

  machine::Pair pair;                                       // (freelist, tid)
  machine::Atomic<M, Slab<M>*, site::cpu_slab> slab;        // frozen; null: none
  machine::Atomic<M, Slab<M>*, site::cpu_partial> partial;  // chain of slabs, not frozen
  sync::LocalLock<M, site::cpu_lock> lock;
  machine::Atomic<M, std::uint8_t, site::flush_wanted> flush_wanted;  // by who shrinks the cache

  void init(unsigned cpu) { pair.second = cpu; }

  /// Before the freelist and the slab, always. The order keeps the compiler from moving them up.
  std::uint64_t load_tid() const {
    return M::load(site::cpu_tid, &pair.second, std::memory_order_acquire);
  }
  void* load_freelist() const {
    return reinterpret_cast<void*>(
        M::load(site::cpu_freelist, &pair.first, std::memory_order_relaxed));
  }

  /// Lock held: the freelist is `objects` from now on, and operations in progress start over. What
  /// was done to the objects comes first, also for a context that interrupts this one.
  void set_freelist(void* objects) {
    M::store(site::cpu_freelist, &pair.first, reinterpret_cast<std::uint64_t>(objects),
             std::memory_order_relaxed);
    M::store(site::cpu_tid, &pair.second, load_tid() + kTidStep, std::memory_order_release);
  }

  static machine::Pair pack(const void* freelist, std::uint64_t tid) {
    return {reinterpret_cast<std::uint64_t>(freelist), tid};
  }

  /// For oracles: not decision points.
  void* peek_freelist() const { return reinterpret_cast<void*>(pair.first); }
};

}  // namespace anyctx::slab
