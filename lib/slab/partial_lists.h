// PartialLists: where slabs with free objects wait: on a CPU's chain, or on a node's list.
// Source: Linux 6.18 mm/slub.c (deactivate_slab, put_cpu_partial, get_partial, __put_partials).
#pragma once

#include <optional>

#include "lib/slab/cpu_section.h"
#include "lib/slab/node_search.h"

namespace anyctx::slab {

template <machine::Machine M>
class PartialLists {
 public:
  void init(SlabSource<M>& source) { source_ = &source; }

  /// Takes all free objects of a slab that this CPU owns or is about to own. The slab is frozen
  /// afterwards, unless there were none: then nobody owns it, and the next free finds it. Nothing
  /// is returned, and nothing has changed, if a lock that was only tried is taken.
  static std::optional<void*> take_freelist(Slab<M>& slab, page::Spin spin) {
    for (;;) {
      const SlabState old = slab.load();
      Counters counters = old.counters;
      counters.inuse = counters.objects;
      counters.frozen = old.freelist != nullptr;
      const SlabState taken{nullptr, counters};
      if (spin == page::Spin::allowed) {
        if (slab.update(old, taken)) return old.freelist;
        continue;
      }
      using Update = typename Slab<M>::Update;
      const Update update = slab.try_update(old, taken);
      if (update == Update::done) return old.freelist;
      if (update == Update::busy) return std::nullopt;
    }
  }

  /// A slab that was on a node's list, with all of its free objects taken; or none. Further slabs
  /// are taken along for this CPU's chain if the caller may spin: `extra` heads a chain for
  /// put_on_cpu().
  struct FromNode {
    Slab<M>* slab = nullptr;
    void* freelist = nullptr;
    Slab<M>* extra = nullptr;
    explicit operator bool() const { return slab != nullptr; }
  };
  /// From the list of the requested node, or of another one unless gfp has thisnode. Any context
  /// with Spin::never.
  FromNode take(Cache<M>& cache, const Request& request) {
    return search_nodes<M>(source_->pages(), cache, request,
                           [&](Node<M>& node) { return take_from(cache, node, request.spin); });
  }

  enum class WhenFull : bool { grow, drain };

  /// Puts a slab that nobody owns on this CPU's chain. A chain that is full goes to the nodes
  /// first, or grows nevertheless. May spin.
  void put_on_cpu(Cache<M>& cache, Slab<M>& slab, WhenFull when_full) {
    Slab<M>* full_chain = nullptr;
    {
      CpuSection<M> section(cache, page::Spin::allowed);
      Slab<M>* chain = section->partial.load(std::memory_order_relaxed);
      if (chain != nullptr && when_full == WhenFull::drain &&
          chain->chain_length >= cache.layout().cpu_partial_slabs) {
        full_chain = chain;
        chain = nullptr;
      }
      slab.chain = chain;
      slab.chain_length = chain == nullptr ? 1 : chain->chain_length + 1;
      section->partial.store(&slab, std::memory_order_relaxed);
    }
    if (full_chain != nullptr) put_on_nodes(cache, full_chain);
  }

  /// Puts a chain that no CPU has any more on the lists of its nodes, or gives slabs back that
  /// are empty and not needed there. May spin.
  void put_on_nodes(Cache<M>& cache, Slab<M>* chain) {
    Slab<M>* unneeded = nullptr;
    while (chain != nullptr) {
      Node<M>& node = cache.node_of(*chain);
      const NodeSection<M> section(node, page::Spin::allowed);
      // The lock is kept while the slabs belong to this node.
      while (chain != nullptr && &cache.node_of(*chain) == &node) {
        Slab<M>& slab = *chain;
        chain = slab.chain;
        slab.chain = nullptr;
        if (is_unneeded(cache, node, slab.load())) {
          slab.chain = unneeded;
          unneeded = &slab;
        } else {
          node.add_partial(slab, Node<M>::Place::back);
        }
      }
    }
    while (unneeded != nullptr) {
      Slab<M>& slab = *unneeded;
      unneeded = slab.chain;
      source_->discard(slab);
    }
  }

  /// Gives up a slab that was a CPU's, with what was left of that CPU's freelist. The slab is
  /// frozen and reachable by remote frees only. May spin.
  void deactivate(Cache<M>& cache, Slab<M>& slab, void* freelist) {
    const auto place =
        slab.load().freelist != nullptr ? Node<M>::Place::back : Node<M>::Place::front;
    const Detached detached = measure(cache, slab, freelist);
    const SlabState now = give_back(cache, slab, detached);
    Node<M>& node = cache.node_of(slab);
    if (is_unneeded(cache, node, now)) {
      source_->discard(slab);
    } else if (now.freelist != nullptr) {
      const NodeSection<M> section(node, page::Spin::allowed);
      node.add_partial(slab, place);
    }
  }

  static bool is_unneeded(const Cache<M>& cache, const Node<M>& node, const SlabState& state) {
    if (state.counters.inuse != 0) return false;
    return node.nr_partial() >= cache.layout().min_partial;
  }

 private:
  struct Detached {
    void* first;
    void* last;
    std::uint32_t length;
  };

  FromNode take_from(Cache<M>& cache, Node<M>& node, page::Spin spin) {
    // A hint: an entry that appears now is missed, which is as good as coming a moment earlier.
    if (node.nr_partial() == 0) return {};
    const NodeSection<M> section(node, spin);
    if (!section) return {};
    Slab<M>* const slab = node.partial().first();
    if (slab == nullptr) return {};
    // Before it leaves the list, so that it can stay there.
    const std::optional<void*> freelist = take_freelist(*slab, spin);
    if (!freelist) return {};
    node.remove_partial(*slab);
    return {slab, *freelist, spin == page::Spin::allowed ? take_extra(cache, node) : nullptr};
  }

  /// List lock held. Half a chain's worth, so that the next slow paths stay on this CPU.
  static Slab<M>* take_extra(Cache<M>& cache, Node<M>& node) {
    Slab<M>* chain = nullptr;
    const std::uint32_t limit = cache.layout().cpu_partial_slabs;
    if (limit == 0) return nullptr;
    for (std::uint32_t taken = 0; taken <= limit / 2; ++taken) {
      Slab<M>* const slab = node.partial().first();
      if (slab == nullptr) break;
      node.remove_partial(*slab);
      slab->chain = chain;
      chain = slab;
    }
    return chain;
  }

  /// Walks a freelist that only the caller can reach. An object whose link leads out of the slab
  /// was overwritten: it and what may follow is lost, the objects before it are kept. Of a list
  /// that does not end, nothing can be kept.
  Detached measure(const Cache<M>& cache, const Slab<M>& slab, void* first) const {
    Detached detached{first, nullptr, 0};
    const std::uint32_t most = slab.load().counters.objects;
    for (void* object = first; object != nullptr;) {
      void* const next = cache.peek_next_free(object);
      const bool leads_out = next != nullptr && source_->slab_of(next) != &slab;
      if (leads_out || detached.length == most) {
        M::bug(machine::Bug::freelist_corrupt, object);
        return leads_out ? detached : Detached{nullptr, nullptr, 0};
      }
      detached.last = object;
      ++detached.length;
      object = next;
    }
    return detached;
  }

  /// Splices the objects in front of those freed by others meanwhile, and unfreezes the slab.
  static SlabState give_back(Cache<M>& cache, Slab<M>& slab, const Detached& detached) {
    for (;;) {
      const SlabState old = slab.load();
      SlabState desired = old;
      desired.counters.frozen = false;
      if (detached.last != nullptr) {
        desired.counters.inuse -= detached.length;
        cache.init_next_free(detached.last, old.freelist);
        desired.freelist = detached.first;
      }
      if (slab.update(old, desired)) {
        ANYCTX_CHECK(old.counters.frozen);
        return desired;
      }
    }
  }

  SlabSource<M>* source_ = nullptr;
};

}  // namespace anyctx::slab
