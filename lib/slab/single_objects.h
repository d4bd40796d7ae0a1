// SingleObjects: takes objects out of slabs and puts them back, one slab at a time, where no CPU
// owns a slab. Source: Linux 7.3 mm/slub.c (get_from_partial_node, alloc_from_new_slab,
// __slab_free).
//
// A slab is on its node's list exactly while it has free objects. So whoever takes the last one, or
// gives the first one back, holds the list lock, and so does whoever empties it.
#pragma once

#include <optional>
#include <span>

#include "lib/slab/debug_path.h"

namespace anyctx::slab {

template <machine::Machine M>
class SingleObjects {
 public:
  void init(SlabSource<M>& source, DebugPath<M>& debug) {
    source_ = &source;
    debug_ = &debug;
  }

  /// An object, or null. Any context with Spin::never.
  void* take_one(Cache<M>& cache, const Request& request) {
    void* object = nullptr;
    take(cache, request, {&object, 1});
    return object;
  }

  /// Up to as many objects as fit, all of one slab; returns how many. 0: there is no memory, or a
  /// lock that was only tried was taken.
  std::size_t take(Cache<M>& cache, const Request& request, std::span<void*> objects) {
    if (cache.is_debug()) {
      objects[0] = debug_->allocate(cache, request);
      return objects[0] != nullptr ? 1 : 0;
    }
    return near_first(request, [&](const Request& attempt) {
      const std::size_t count = take_listed(cache, attempt, objects);
      return count != 0 ? count : take_fresh(cache, attempt, objects);
    });
  }

  /// Frees an object into its slab. May spin.
  void put(Cache<M>& cache, Slab<M>& slab, void* object) {
    if (cache.is_debug()) return debug_->put(cache, slab, object);
    Node<M>& node = cache.node_of(slab);
    std::optional<NodeSection<M>> section;
    SlabState old;
    SlabState desired;
    do {
      section.reset();
      old = slab.load();
      if (old.freelist == object || old.counters.inuse == 0) {
        return M::bug(machine::Bug::double_free, object);
      }
      cache.set_next_free(object, old.freelist);
      desired = {object, old.counters};
      --desired.counters.inuse;
      if (desired.counters.inuse == 0 || old.freelist == nullptr) {
        section.emplace(node, page::Spin::allowed);
      }
    } while (!slab.update(old, desired));
    if (!section) return;
    const bool was_full = old.freelist == nullptr;
    ANYCTX_CHECK(slab.on_partial == !was_full);
    const bool unneeded =
        desired.counters.inuse == 0 && node.nr_partial() >= cache.layout().min_partial;
    if (was_full && !unneeded) node.add_partial(slab, Node<M>::Place::back);
    if (!was_full && unneeded) node.remove_partial(slab);
    section.reset();
    if (unneeded) source_->discard(slab);
  }

 private:
  std::size_t take_listed(Cache<M>& cache, const Request& request, std::span<void*> objects) {
    sync::pin_cpu<M>();
    const std::size_t count = search_nodes<M>(source_->pages(), cache, request, [&](Node<M>& node) {
      return take_from(cache, node, request, objects);
    });
    sync::unpin_cpu<M>();
    return count;
  }

  static std::size_t take_from(Cache<M>& cache, Node<M>& node, const Request& request,
                               std::span<void*> objects) {
    // A hint: an entry that appears now is missed, which is as good as coming a moment earlier.
    if (node.nr_partial() == 0) return 0;
    const NodeSection<M> section(node, request.spin);
    if (!section) return 0;
    Slab<M>* const slab = node.partial().first();
    if (slab == nullptr) return 0;
    // Others only push objects in front meanwhile, so what the walk reads stays as it is, and each
    // retry means that one of them succeeded.
    for (;;) {
      const SlabState old = slab->load();
      SlabState desired = old;
      std::size_t count = 0;
      while (count < objects.size() && desired.freelist != nullptr) {
        objects[count++] = desired.freelist;
        desired.freelist = cache.next_free(desired.freelist);
      }
      desired.counters.inuse += static_cast<std::uint32_t>(count);
      using Update = typename Slab<M>::Update;
      const Update update = replace(*slab, old, desired, request.spin);
      if (update == Update::changed) continue;
      if (update == Update::busy) return forget(objects);
      if (desired.freelist == nullptr) node.remove_partial(*slab);
      return count;
    }
  }

  static typename Slab<M>::Update replace(Slab<M>& slab, const SlabState& old,
                                          const SlabState& desired, page::Spin spin) {
    using Update = typename Slab<M>::Update;
    if (spin == page::Spin::never) return slab.try_update(old, desired);
    return slab.update(old, desired) ? Update::done : Update::changed;
  }
  static std::size_t forget(std::span<void*> objects) {
    objects[0] = nullptr;
    return 0;
  }

  /// The first objects of a new slab. The others are published; if the lock for that is only tried
  /// and is taken, the slab is given back, uncounted as it is.
  std::size_t take_fresh(Cache<M>& cache, const Request& request, std::span<void*> objects) {
    Slab<M>* const slab = source_->create(cache, request);
    if (slab == nullptr) return 0;
    SlabState state = slab->peek();
    std::size_t count = 0;
    while (count < objects.size() && state.freelist != nullptr) {
      objects[count++] = state.freelist;
      state.freelist = cache.peek_next_free(state.freelist);
    }
    state.counters.inuse = static_cast<std::uint32_t>(count);
    slab->init(state);
    Node<M>& node = cache.node_of(*slab);
    if (state.freelist == nullptr) {
      node.count(*slab);
      return count;
    }
    {
      const NodeSection<M> section(node, request.spin);
      if (section) {
        node.count(*slab);
        node.add_partial(*slab, Node<M>::Place::back);
        return count;
      }
    }
    source_->release(*slab, request.spin);
    return forget(objects);
  }

  SlabSource<M>* source_ = nullptr;
  DebugPath<M>* debug_ = nullptr;
};

}  // namespace anyctx::slab
