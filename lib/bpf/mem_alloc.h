// MemAlloc: memory for programs, from any context, out of what CPUs keep at hand.
// Source: Linux 7.3 kernel/bpf/memalloc.c (bpf_mem_alloc), without its per-CPU flavour.
//
// It keeps objects because what it was made for could not allocate in an NMI. Refills come from an
// interrupt of its own, so whoever uses up what is at hand before that gets nothing. Who pays for
// the memory is up to the slab allocator.
#pragma once

#include <cerrno>
#include <new>

#include "lib/bpf/mem_cache.h"

namespace anyctx::bpf {

/// Objects of one size, or of any size up to kMaxMemSize. An object that was never handed out
/// before is zero; others are as they were left.
template <machine::Machine M>
class MemAlloc {
 public:
  using Cache = MemCache<M>;

  MemAlloc() = default;
  MemAlloc(const MemAlloc&) = delete;
  MemAlloc& operator=(const MemAlloc&) = delete;

  /// `size`: of all objects, or 0. 0, -E2BIG, or -ENOMEM, which leaves nothing behind. It may have
  /// fewer objects at hand than it wants to. Preemptible tasks.
  int create(const MemCacheEnv<M>& env, std::uint32_t size);
  /// Nobody uses it any more, and its objects were freed or are lost. Nothing if it was not
  /// created, or is destroyed. Memory that still waits for a grace period, and the caches with it,
  /// can go later. Preemptible tasks that are not readers.
  void destroy();

  // Every context; never waits.

  /// At least `size` bytes, null if there is none now. Objects of one size have that size.
  void* alloc(std::size_t size) {
    if (size - 1 >= kMaxMemSize) return nullptr;
    const unsigned index = core_->sizes == 1 ? 0 : mem_index_of(size);
    if (core_->sizes == 1 && size + kMemHeader > core_->caches[0]->shape().unit) return nullptr;
    return inside(index, [](Cache& cache) { return object_of(cache.take()); });
  }
  /// The memory can be had again at once. Whoever still looks at it finds an object of this size
  /// until grace periods of RCU and of Tasks Trace are over.
  void free(void* object) {
    give(object, [](Cache& cache, Node* node, Cache* home) { cache.give(node, home); });
  }
  /// Nobody has the memory before a grace period of RCU is over; then as free().
  void free_rcu(void* object) {
    give(object, [](Cache& cache, Node* node, Cache* home) { cache.give_rcu(node, home); });
  }

  /// Does what is due on this CPU, on machines that do not interrupt themselves. Not in handlers.
  void poll() {
    for (unsigned index = 0; core_ != nullptr && index < core_->sizes; ++index) {
      inside(index, [](Cache& cache) { cache.poll(); });
    }
  }

  // For oracles: no decision points.

  bool exists() const { return core_ != nullptr; }
  unsigned peek_sizes() const { return core_ == nullptr ? 0 : core_->sizes; }
  /// Which size serves the request.
  unsigned peek_index(std::size_t size) const { return core_->sizes == 1 ? 0 : mem_index_of(size); }
  const Cache& peek_cache(unsigned index, unsigned cpu) const { return core_->caches[index][cpu]; }

 private:
  using Node = defer::LlistNode;

  /// All there is, in memory of its own, so that it can outlive the handle.
  struct Core {
    MemCacheEnv<M> env;
    unsigned sizes = 0;
    Cache* caches[kMemSizes] = {};  // one per CPU each

    template <class F>
    void for_each(F f) {
      for (unsigned index = 0; index < sizes; ++index) {
        for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) f(caches[index][cpu]);
      }
    }
    bool add_size(std::uint32_t unit);
    void free();
  };
  /// What waits until nothing of an allocator is under way any more: two grace periods of each
  /// kind, for the first can be shared with callbacks that hand in others.
  struct Remains {
    defer::RcuHead<M> head;  // first: its address is handed back
    Core* core = nullptr;
    unsigned step = 0;

    void go_on();
  };

  static void* object_of(Node* node) { return node == nullptr ? nullptr : node + 1; }

  template <class F>
  auto inside(unsigned index, F f) {
    const machine::IrqState state = M::irq_save();
    struct Restore {
      machine::IrqState state;
      ~Restore() { M::irq_restore(state); }
    } restore{state};
    return f(core_->caches[index][M::cpu()]);
  }
  template <class F>
  void give(void* object, F f) {
    if (object == nullptr) return;
    Node* const node = static_cast<Node*>(object) - 1;
    auto* const home = static_cast<Cache*>(node->next);
    inside(home->index(), [&](Cache& cache) { f(cache, node, home); });
  }

  Core* core_ = nullptr;
};

}  // namespace anyctx::bpf

#include "lib/bpf/mem_alloc_lifetime.h"
