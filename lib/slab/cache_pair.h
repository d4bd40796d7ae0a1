// CachePair: a cache that is asked first and one that stands in for it.
//
// What makes a nolock allocation fail belongs to one cache: a frame inside its sections, its list
// lock. kmalloc_nolock() tries the next bucket then; objects of a cache of one's own have no next
// bucket, but may have a second cache.
#pragma once

#include "lib/slab/slab_allocator.h"

namespace anyctx::slab {

/// Objects of both caches are alike: same size, same place of everything, and readers cannot tell
/// them apart. They are freed with kfree_nolock() or kmem_cache_free(), by the cache they are of.
template <machine::Machine M>
class CachePair {
 public:
  /// False, and no cache is left, if there is no memory. Sleeps.
  bool create(SlabAllocator<M>& slabs, const CacheConfig& config) {
    slabs_ = &slabs;
    for (Cache<M>*& cache : caches_) {
      cache = slabs.kmem_cache_create(config);
      if (cache == nullptr) {
        static_cast<void>(destroy());
        return false;
      }
    }
    return true;
  }
  /// True if both caches are gone; see kmem_cache_destroy(). Sleeps.
  bool destroy() {
    bool gone = true;
    for (Cache<M>*& cache : caches_) {
      if (cache != nullptr) gone &= slabs_->kmem_cache_destroy(cache);
      cache = nullptr;
    }
    return gone;
  }

  /// Each cache is tried once. Nolock.
  void* alloc_nolock(page::Gfp gfp, int nid = page::kNoNode) {
    for (Cache<M>* const cache : caches_) {
      if (void* const object = slabs_->kmem_cache_alloc_nolock(cache, gfp, nid)) return object;
    }
    return nullptr;
  }
  /// Gives unused slabs back. True if none remains. Sleeps.
  bool shrink() {
    const bool first = slabs_->kmem_cache_shrink(caches_[0]);
    return slabs_->kmem_cache_shrink(caches_[1]) && first;
  }

  Cache<M>* normal() const { return caches_[0]; }
  Cache<M>* fallback() const { return caches_[1]; }

 private:
  SlabAllocator<M>* slabs_ = nullptr;
  Cache<M>* caches_[2] = {};
};

}  // namespace anyctx::slab
