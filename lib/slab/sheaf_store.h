// SheafStore: makes sheaves and gives them back, fills them from slabs and empties them into slabs.
// Source: Linux 7.3 mm/slub.c (alloc_empty_sheaf, refill_sheaf, sheaf_flush_unused).
//
// A sheaf is an object of a cache of the internal family. Those caches have no sheaves themselves,
// so that none is needed to make one.
#pragma once

#include "lib/slab/hand_out.h"
#include "lib/slab/single_objects.h"

namespace anyctx::slab {

/// All calls may spin. No lock is held.
template <machine::Machine M>
class SheafStore {
 public:
  /// `buckets`: the caches of the internal family, which exist by the time of the first create().
  void init(SlabSource<M>& source, SingleObjects<M>& singles, Cache<M>* const* buckets) {
    source_ = &source;
    singles_ = &singles;
    buckets_ = buckets;
  }

  /// An empty sheaf, or null.
  Sheaf<M>* create(std::uint32_t capacity, page::Gfp gfp) {
    const std::size_t bytes = Sheaf<M>::bytes(capacity);
    if (M::fails(site::size, bytes > kMaxCacheSize)) return nullptr;
    Cache<M>& bucket = *buckets_[bucket_of(bytes)];
    const Request request{gfp, page::kNoNode, page::Spin::allowed,
                          static_cast<std::uint32_t>(bytes)};
    void* const memory = singles_->take_one(bucket, request);
    if (memory == nullptr) return nullptr;
    hand_out(bucket, request, memory);
    return Sheaf<M>::make(memory, capacity);
  }

  /// What it holds goes to its slabs first.
  void destroy(Cache<M>& cache, Sheaf<M>& sheaf) {
    empty(cache, sheaf);
    Slab<M>& slab = *source_->slab_of(&sheaf);
    slab.cache->mark_free(&sheaf);
    singles_->put(*slab.cache, slab, &sheaf);
  }

  /// Adds objects until it has `wanted`, or there is no memory: what it got it keeps.
  void fill(Cache<M>& cache, Sheaf<M>& sheaf, std::uint32_t wanted, page::Gfp gfp) {
    ANYCTX_CHECK_OP(wanted, <=, sheaf.capacity);
    const Request request{gfp & ~page::gfp::zero, page::kNoNode, page::Spin::allowed,
                          cache.object_size()};
    for (std::uint32_t count = sheaf.load_size(); count < wanted;) {
      const auto taken = static_cast<std::uint32_t>(
          singles_->take(cache, request, {sheaf.objects() + count, wanted - count}));
      if (taken == 0) return;
      count += taken;
      sheaf.set_size(count);
    }
  }

  void empty(Cache<M>& cache, Sheaf<M>& sheaf) {
    while (!sheaf.is_empty()) {
      void* const object = sheaf.pop();
      singles_->put(cache, *source_->slab_of(object), object);
    }
  }

  /// For a sheaf without objects that nobody needs now.
  void put_away(Cache<M>& cache, Barn<M>& barn, Sheaf<M>& sheaf) {
    if (!barn.put_empty(sheaf)) destroy(cache, sheaf);
  }

 private:
  SlabSource<M>* source_ = nullptr;
  SingleObjects<M>* singles_ = nullptr;
  Cache<M>* const* buckets_ = nullptr;
};

}  // namespace anyctx::slab
