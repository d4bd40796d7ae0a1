// DebugPath: allocation and free of single objects of debug caches, under the list lock.
// Source: Linux 6.18 mm/slub.c (alloc_single_from_partial, alloc_single_from_new_slab,
// free_to_partial_list).
//
// Damage is reported once; what cannot be trusted is leaked: the object on free, the whole slab on
// allocation. Unlike the kernel, every debug cache checks everything its bytes allow.
#pragma once

#include "lib/slab/node_search.h"
#include "lib/sync/local_lock.h"

namespace anyctx::slab {

template <machine::Machine M>
class DebugPath {
 public:
  void init(SlabSource<M>& source) {
    source_ = &source;
    sequence_.init(0);
  }

  /// An object, or null. Any context with Spin::never.
  void* allocate(Cache<M>& cache, const Request& request) {
    return near_first(request,
                      [&](const Request& attempt) { return allocate_once(cache, attempt); });
  }

  /// An object of a slab on a node's list, or null. The CPU must be pinned.
  void* take(Cache<M>& cache, const Request& request) {
    return search_nodes<M>(source_->pages(), cache, request, [&](Node<M>& node) -> void* {
      if (node.nr_partial() == 0) return nullptr;
      const NodeSection<M> section(node, request.spin);
      if (!section) return nullptr;
      // Each turn that finds no object removes a damaged slab.
      while (Slab<M>* const slab = node.partial().first()) {
        if (void* const object = take_one(cache, *slab, request.size)) return object;
      }
      return nullptr;
    });
  }

  /// The first object of a fresh slab, which becomes the cache's. Or null, if the list lock was
  /// only tried and is taken: then the slab is given back, uncounted as it is.
  void* take_first(Cache<M>& cache, Slab<M>& slab, const Request& request) {
    Node<M>& node = cache.node_of(slab);
    {
      const NodeSection<M> section(node, request.spin);
      if (section) {
        node.count(slab);
        node.add_partial(slab, Node<M>::Place::front);
        return take_one(cache, slab, request.size);
      }
    }
    source_->release(slab, request.spin);
    return nullptr;
  }

  /// Frees an object of the cache, unless it is damaged or not in use. May spin.
  void put(Cache<M>& cache, Slab<M>& slab, void* object) {
    if (put_under_lock(cache, slab, object)) source_->retire(slab);
  }

 private:
  /// True if the slab is unused now and on no list.
  bool put_under_lock(Cache<M>& cache, Slab<M>& slab, void* object) {
    Node<M>& node = cache.node_of(slab);
    const NodeSection<M> section(node, page::Spin::allowed);
    if (slab.load().counters.frozen || !may_put(cache, slab, object)) return false;
    return put_one(cache, node, slab, object);
  }

  void* allocate_once(Cache<M>& cache, const Request& request) {
    for (;;) {
      sync::pin_cpu<M>();
      void* const listed = take(cache, request);
      sync::unpin_cpu<M>();
      if (listed != nullptr) return listed;
      Slab<M>* const slab = source_->create(cache, request);
      if (slab == nullptr) return nullptr;
      void* const object = take_first(cache, *slab, request);
      // Whoever only tries must not try for ever: a lock that stays taken would eat all memory.
      // For the others, no object means that the fresh slab was found damaged.
      if (object != nullptr || request.spin == page::Spin::never) return object;
    }
  }

  /// List lock held; the slab is on the partial list. Null: the slab was damaged and is given up.
  void* take_one(Cache<M>& cache, Slab<M>& slab, std::uint32_t size) {
    Node<M>& node = cache.node_of(slab);
    SlabState state = slab.load();
    void* const object = state.freelist;
    if (!is_intact(cache, slab, object)) {
      node.remove_partial(slab);
      give_up(slab);
      return nullptr;
    }
    state.freelist = cache.next_free(object);
    ++state.counters.inuse;
    M::probe(site::debug_section);
    slab.store(state);
    if (state.freelist == nullptr) {
      node.remove_partial(slab);
      node.add_full(slab);
    }
    const DebugObject debug(cache, object);
    debug.set_active(size);
    record(cache, debug, 0);
    return object;
  }

  /// List lock held. True if the slab became empty and is not needed: it is on no list then and
  /// not counted any more.
  bool put_one(Cache<M>& cache, Node<M>& node, Slab<M>& slab, void* object) {
    const DebugObject debug(cache, object);
    debug.set_inactive();
    record(cache, debug, 1);
    SlabState state = slab.load();
    const bool was_full = state.freelist == nullptr;
    cache.set_next_free(object, state.freelist);
    state.freelist = object;
    --state.counters.inuse;
    M::probe(site::debug_section);
    slab.store(state);
    const bool unneeded =
        state.counters.inuse == 0 && node.nr_partial() >= cache.layout().min_partial;
    if (was_full) node.remove_full(slab);
    if (was_full && !unneeded) node.add_partial(slab, Node<M>::Place::back);
    if (!was_full && unneeded) node.remove_partial(slab);
    if (unneeded) node.uncount(slab);
    return unneeded;
  }

  /// Whether a free object is what it was made when it was freed, and leads to another one.
  bool is_intact(const Cache<M>& cache, const Slab<M>& slab, void* object) const {
    if (!source_->is_slot(slab, object)) return report(machine::Bug::freelist_corrupt, object);
    const DebugObject debug(cache, object);
    if (const void* const damage = debug.find_damage_inactive()) {
      return report(debug.is_red_zone(damage) ? machine::Bug::redzone_overwritten
                                              : machine::Bug::poison_overwritten,
                    damage);
    }
    const void* const next = cache.peek_next_free(object);
    if (next != nullptr && !source_->is_slot(slab, next)) {
      return report(machine::Bug::freelist_corrupt, object);
    }
    return true;
  }

  /// Whether an object may be freed. What is reported stays as it is.
  bool may_put(const Cache<M>& cache, const Slab<M>& slab, void* object) const {
    if (!source_->is_slot(slab, object)) return report(machine::Bug::invalid_free, object);
    const SlabState state = slab.peek();
    std::uint32_t length = 0;
    for (void* free = state.freelist; free != nullptr; free = cache.peek_next_free(free)) {
      if (free == object) return report(machine::Bug::double_free, object);
      if (!source_->is_slot(slab, free) || ++length > state.counters.objects) {
        return report(machine::Bug::freelist_corrupt, free);
      }
    }
    if (const void* const damage = DebugObject(cache, object).find_damage_active()) {
      return report(machine::Bug::redzone_overwritten, damage);
    }
    return true;
  }

  static bool report(machine::Bug bug, const void* where) {
    M::bug(bug, where);
    return false;
  }

  /// A slab that nobody will get an object from any more. Frozen, so that frees leave it alone.
  static void give_up(Slab<M>& slab) {
    Counters counters = slab.peek().counters;
    counters.inuse = counters.objects;
    counters.frozen = true;
    slab.store({nullptr, counters});
  }

  void record(const Cache<M>& cache, const DebugObject& debug, unsigned which) {
    if (cache.layout().track_offset == 0) return;
    debug.set_track(which, {M::cpu(), sequence_.fetch_add(1)});
  }

  SlabSource<M>* source_ = nullptr;
  machine::Atomic<M, std::uint64_t, site::track_sequence> sequence_;
};

}  // namespace anyctx::slab
