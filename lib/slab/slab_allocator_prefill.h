// SlabAllocator: sheaves that users fill in advance. Included by slab_allocator.h.
// Source: Linux 7.3 mm/slub.c (kmem_cache_prefill_sheaf, kmem_cache_return_sheaf and others).
#pragma once

namespace anyctx::slab {

template <machine::Machine M>
Sheaf<M>* SlabAllocator<M>::kmem_cache_prefill_sheaf(Cache<M>* cache, page::Gfp gfp,
                                                     std::uint32_t count) {
  if (has(gfp, page::gfp::direct_reclaim)) M::might_sleep(site::may_sleep);
  if (M::fails(site::no_sheaf, config_.design != Design::sheaves)) return nullptr;
  const std::uint32_t capacity = std::max(count, cache->sheaf_capacity());
  Sheaf<M>* sheaf = capacity == cache->sheaf_capacity() ? sheaves_.lend(*cache) : nullptr;
  if (sheaf == nullptr) sheaf = sheaf_store_.create(capacity, gfp);
  if (sheaf == nullptr) return nullptr;
  sheaf_store_.fill(*cache, *sheaf, count, gfp);
  if (sheaf->load_size() >= count) return sheaf;
  kmem_cache_return_sheaf(cache, sheaf);
  return nullptr;
}

template <machine::Machine M>
bool SlabAllocator<M>::kmem_cache_refill_sheaf(Cache<M>* cache, page::Gfp gfp, Sheaf<M>** sheaf,
                                               std::uint32_t count) {
  if (count <= (*sheaf)->capacity) {
    if (has(gfp, page::gfp::direct_reclaim)) M::might_sleep(site::may_sleep);
    sheaf_store_.fill(*cache, **sheaf, count, gfp);
    return (*sheaf)->load_size() >= count;
  }
  Sheaf<M>* const larger = kmem_cache_prefill_sheaf(cache, gfp, count);
  if (larger == nullptr) return false;
  kmem_cache_return_sheaf(cache, *sheaf);
  *sheaf = larger;
  return true;
}

template <machine::Machine M>
void* SlabAllocator<M>::kmem_cache_alloc_from_sheaf(Cache<M>* cache, page::Gfp gfp,
                                                    Sheaf<M>* sheaf) {
  if (M::fails(site::no_sheaf, sheaf->is_empty())) return nullptr;
  void* const object = sheaf->pop();
  hand_out(*cache, {gfp, page::kNoNode, page::Spin::never, cache->object_size()}, object);
  return object;
}

template <machine::Machine M>
void SlabAllocator<M>::kmem_cache_return_sheaf(Cache<M>* cache, Sheaf<M>* sheaf) {
  if (sheaf->capacity != cache->sheaf_capacity()) return sheaf_store_.destroy(*cache, *sheaf);
  if (!sheaves_.take_in(*cache, *sheaf)) sheaves_.put_away(*cache, *sheaf);
}

}  // namespace anyctx::slab
