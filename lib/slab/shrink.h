// Shrinker: takes a cache's unused slabs back from its nodes. Source: Linux 6.18 mm/slub.c
// (__kmem_cache_do_shrink, free_partial).
#pragma once

#include "lib/slab/partial_lists.h"

namespace anyctx::slab {

/// All calls may spin. Task context.
template <machine::Machine M>
class Shrinker {
 public:
  void init(SlabSource<M>& source) { source_ = &source; }

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
};

}  // namespace anyctx::slab
