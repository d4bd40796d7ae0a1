// Shrinker: takes a cache's unused slabs back. Source: Linux 6.18 mm/slub.c (flush_slab,
// __kmem_cache_do_shrink, free_partial).
#pragma once

#include "lib/slab/partial_lists.h"

namespace anyctx::slab {

/// All calls may spin. Task context.
template <machine::Machine M>
class Shrinker {
 public:
  void init(SlabSource<M>& source, PartialLists<M>& lists) {
    source_ = &source;
    lists_ = &lists;
  }

  /// Gives up what the CPU this runs on has cached. Others may use the cache meanwhile. (What
  /// another CPU has cached, that CPU alone can give up while it runs.)
  void flush_this_cpu(Cache<M>& cache) {
    Held held;
    {
      CpuSection<M> section(cache, page::Spin::allowed);
      held = take(*section.operator->());
    }
    give_up(cache, held);
  }

  /// Gives up what all CPUs have cached. Nobody else uses the cache any more.
  void flush_all_cpus(Cache<M>& cache) {
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) give_up(cache, take(cache.cpus().of(cpu)));
  }

  /// Discards the empty slabs of all nodes and sorts the others, the fullest first, so that the
  /// emptiest have time to become empty. Others may use the cache meanwhile.
  void shrink_nodes(Cache<M>& cache) {
    for (unsigned node = 0; node < source_->pages().nodes(); ++node) {
      SlabList<M> empty;
      {
        const NodeSection<M> section(cache.node(node), page::Spin::allowed);
        sort(cache.node(node), empty);
      }
      while (Slab<M>* const slab = empty.pop_front()) source_->discard(*slab);
    }
  }

  /// Slabs of the cache that exist, wherever they are.
  std::int64_t slabs(const Cache<M>& cache) const {
    std::int64_t sum = 0;
    for (unsigned node = 0; node < source_->pages().nodes(); ++node) {
      sum += cache.node(node).nr_slabs();
    }
    return sum;
  }

 private:
  struct Held {
    Slab<M>* slab = nullptr;
    void* freelist = nullptr;
    Slab<M>* chain = nullptr;
  };

  static Held take(CpuSlab<M>& cpu) {
    Held held;
    held.slab = cpu.slab.load(std::memory_order_relaxed);
    held.freelist = cpu.load_freelist();
    held.chain = cpu.partial.load(std::memory_order_relaxed);
    cpu.slab.store(nullptr, std::memory_order_relaxed);
    cpu.partial.store(nullptr, std::memory_order_relaxed);
    cpu.set_freelist(nullptr);
    return held;
  }
  void give_up(Cache<M>& cache, const Held& held) {
    if (held.slab != nullptr) lists_->deactivate(cache, *held.slab, held.freelist);
    lists_->put_on_nodes(cache, held.chain);
  }

  /// List lock held.
  static void sort(Node<M>& node, SlabList<M>& empty) {
    constexpr std::uint32_t kSorted = 32;  // slabs with more free objects keep their order, last
    SlabList<M> by_free[kSorted];
    for (Slab<M>* slab = node.partial().first(); slab != nullptr;) {
      Slab<M>* const next = slab->next;
      const Counters counters = slab->load().counters;
      const std::uint32_t free = counters.objects - counters.inuse;
      if (counters.inuse == 0) {
        node.remove_partial(*slab);
        empty.push_back(*slab);
      } else if (free <= kSorted) {
        node.remove_partial(*slab);
        by_free[free - 1].push_back(*slab);
      }
      slab = next;
    }
    for (std::uint32_t i = kSorted; i-- > 0;) {
      while (Slab<M>* const slab = by_free[i].pop_front()) {
        node.add_partial(*slab, Node<M>::Place::front);
      }
    }
  }

  SlabSource<M>* source_ = nullptr;
  PartialLists<M>* lists_ = nullptr;
};

}  // namespace anyctx::slab
