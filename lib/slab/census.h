// Census: where every object of a cache is, and whether the structures are what they should be.
// For oracles: const, reads without decision points. Meaningful while no operation is in progress.
#pragma once

#include <string_view>

#include "lib/slab/slab_allocator.h"

namespace anyctx::slab {

/// Objects by place. Those that are in none of them are live, wait for a grace period, or are in a
/// slab that was given up. Slabs that wait for a grace period themselves do not count.
struct Census {
  std::int64_t slabs = 0;
  std::int64_t objects = 0;
  std::int64_t free_in_slabs = 0;
  std::int64_t free_on_cpus = 0;
  std::int64_t free_in_sheaves = 0;    // of CPUs and barns
  std::int64_t sheaves = 0;            // objects of this cache that are such sheaves
  std::int64_t free_in_displaced = 0;  // left of the freelist of a slab that waits for the handler
  std::int64_t deferred = 0;           // freed, waiting for the handler
  std::int64_t given_up = 0;           // in damaged slabs of debug caches, live or not
  std::int64_t live() const {
    return objects - free_in_slabs - free_on_cpus - free_in_sheaves - sheaves - free_in_displaced -
           deferred - given_up;
  }
};

/// Calls visit(slab) for each slab of all caches.
template <machine::Machine M, class Visit>
void for_each_slab(const SlabAllocator<M>& allocator, Visit visit) {
  for (const Slab<M>& slab : allocator.source().slabs()) {
    if (slab.head == &slab) visit(slab);
  }
}

/// Calls visit(object) for each object of the freelist that `first` heads, all of this slab.
/// False if the list leads out of the slab or does not end.
template <machine::Machine M, class Visit>
bool for_each_free(const SlabAllocator<M>& allocator, const Slab<M>& slab, void* first,
                   Visit visit) {
  std::uint32_t length = 0;
  for (void* object = first; object != nullptr; object = slab.cache->peek_next_free(object)) {
    if (!allocator.source().is_slot(slab, object)) return false;
    if (++length > slab.peek().counters.objects) return false;
    visit(object);
  }
  return true;
}

/// Calls visit(object, slab, cpu) for each object that waits for the handler. False if a list leads
/// out of the slabs or does not end.
template <machine::Machine M, class Visit>
bool for_each_deferred(const SlabAllocator<M>& allocator, Visit visit) {
  std::size_t left = allocator.deferred().capacity();
  for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
    void* link = allocator.deferred().objects(cpu).peek();
    while (link != nullptr) {
      const Slab<M>* const slab = allocator.source().slab_of(link);
      if (slab == nullptr || left-- == 0) return false;
      visit(slab->cache->object_of(link), *slab, cpu);
      link = machine::raw::load_link(static_cast<void**>(link), std::memory_order_relaxed);
    }
  }
  return true;
}

/// Calls visit(slab, cpu) for each displaced slab that waits for the handler.
template <machine::Machine M, class Visit>
void for_each_displaced(const SlabAllocator<M>& allocator, Visit visit) {
  for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
    defer::LlistNode* node = allocator.deferred().slabs(cpu).peek();
    for (; node != nullptr; node = static_cast<defer::LlistNode*>(node->next)) {
      visit(*Deferred<M>::slab_of(node), cpu);
    }
  }
}

/// Calls visit(sheaf) for each sheaf that a CPU or a barn has of a cache. False if a list does not
/// end.
template <machine::Machine M, class Visit>
bool for_each_sheaf(const SlabAllocator<M>& allocator, const Cache<M>& cache, Visit visit) {
  if (!cache.has_sheaves()) return true;
  for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
    const CpuSheaves<M>& own = cache.sheaves().of(cpu);
    if (own.main.peek() != &allocator.bootstrap_sheaf()) visit(*own.main.peek());
    if (own.spare.peek() != nullptr) visit(*own.spare.peek());
  }
  std::size_t left = allocator.deferred().capacity();
  for (unsigned node = 0; node < page::kMaxNodes; ++node) {
    const Barn<M>& barn = cache.barn(node);
    for (const Sheaf<M>* first : {barn.first_full(), barn.first_empty()}) {
      for (const Sheaf<M>* sheaf = first; sheaf != nullptr; sheaf = sheaf->next) {
        if (left-- == 0) return false;
        visit(*sheaf);
      }
    }
  }
  return true;
}

/// Counts the objects of `cache` by walking everything.
template <machine::Machine M>
Census take_census(const SlabAllocator<M>& allocator, const Cache<M>& cache) {
  Census census;
  const auto count = [&](const Slab<M>& slab, void* first, std::int64_t& sum) {
    for_each_free(allocator, slab, first, [&](void*) { ++sum; });
  };
  for_each_slab(allocator, [&](const Slab<M>& slab) {
    if (slab.cache != &cache || slab.retired) return;
    const SlabState state = slab.peek();
    ++census.slabs;
    census.objects += state.counters.objects;
    if (cache.is_debug() && state.counters.frozen) census.given_up += state.counters.objects;
    count(slab, state.freelist, census.free_in_slabs);
  });
  for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
    const CpuSlab<M>& own = cache.cpus().of(cpu);
    const Slab<M>* const slab = own.slab.peek();
    if (slab != nullptr) count(*slab, own.peek_freelist(), census.free_on_cpus);
  }
  for_each_sheaf(allocator, cache,
                 [&](const Sheaf<M>& sheaf) { census.free_in_sheaves += sheaf.size.peek(); });
  for (const Cache<M>* owner = allocator.first_cache(); owner != nullptr;
       owner = owner->next_cache) {
    for_each_sheaf(allocator, *owner, [&](const Sheaf<M>& sheaf) {
      const Slab<M>* const slab = allocator.source().slab_of(&sheaf);
      if (slab != nullptr && slab->cache == &cache) ++census.sheaves;
    });
  }
  for_each_displaced(allocator, [&](const Slab<M>& slab, unsigned) {
    if (slab.cache == &cache) count(slab, slab.detached, census.free_in_displaced);
  });
  for_each_deferred(allocator, [&](void*, const Slab<M>& slab, unsigned) {
    if (slab.cache == &cache) ++census.deferred;
  });
  return census;
}

}  // namespace anyctx::slab
