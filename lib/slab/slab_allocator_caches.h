// SlabAllocator: construction, and the life of caches. Included by slab_allocator.h.
#pragma once

namespace anyctx::slab {

template <machine::Machine M>
void SlabAllocator<M>::init(page::PageAllocator<M>& pages, defer::Grace<M>& grace,
                            const Config& config, std::span<Slab<M>> slabs,
                            std::span<DeferredWord<M>> words) {
  // Programs that run one after the other on the same machine find the layouts made.
  if (!is_shaped_like(pages, config)) families_ = 0;
  config_ = config;
  page_shift_ = pages.page_shift();
  cpus_ = M::cpus();
  last_secret_ = config.seed;
  first_cache_ = nullptr;
  std::construct_at(&caches_mutex_);
  grace_ = &grace;
  const auto release = [](void* self, defer::LlistNode* head) {
    static_cast<SlabAllocator*>(self)->release(head);
  };
  grace.rcu.set_release(release, this);
  grace.srcu.set_release(release, this);
  source_.init(pages, grace, slabs);
  lists_.init(source_);
  debug_.init(source_);
  singles_.init(source_, debug_);
  sheaf_store_.init(source_, singles_, buckets_[static_cast<unsigned>(Family::internal)]);
  sheaves_.init(
      source_, sheaf_store_, grace.rcu,
      [](void* self, void* object) { static_cast<SlabAllocator*>(self)->clean(object); }, this);
  free_.init(config.design, source_, lists_, debug_, singles_, sheaves_, words);
  flush_.init(lists_, sheaves_);
  alloc_.init(source_, lists_, debug_, free_.deferred(), flush_);
  sheaf_alloc_.init(singles_, sheaves_, free_.deferred(), flush_);
  shrinker_.init(source_);
  init_buckets(Family::normal);
  init_buckets(Family::reclaimable);
  init_charge();
  // Who needs memory for itself.
  if (config.design == Design::sheaves || charge_.is_on()) init_buckets(Family::internal);
}

template <machine::Machine M>
void SlabAllocator<M>::init_charge() {
  page::Memcg<M>* const memcg = source_.pages().memcg();
  charge_.init(source_, memcg,
               {[](void* self, std::size_t bytes, page::Gfp gfp, page::Spin spin) {
                  return static_cast<SlabAllocator*>(self)->allocate_vector(bytes, gfp, spin);
                },
                [](void* self, void* vector, page::Spin spin) {
                  static_cast<SlabAllocator*>(self)->free_vector(vector, spin);
                },
                this});
  if (memcg == nullptr) return;
  source_.account_to(charge_);
  init_buckets(Family::accounted);
}

template <machine::Machine M>
bool SlabAllocator<M>::is_shaped_like(const page::PageAllocator<M>& pages,
                                      const Config& config) const {
  return page_shift_ == pages.page_shift() && cpus_ == M::cpus() &&
         config_.min_align == config.min_align && config_.debug == config.debug;
}

template <machine::Machine M>
void SlabAllocator<M>::init_buckets(Family family) {
  const auto index = static_cast<unsigned>(family);
  const bool has_layouts = (families_ & 1u << index) != 0;
  families_ |= 1u << index;
  for (unsigned bucket = 0; bucket < kBuckets; ++bucket) {
    const unsigned alias = alias_of(bucket, config_.min_align);
    buckets_[index][bucket] = &bucket_storage_[index][alias];
    if (alias != bucket) continue;
    CacheConfig config;
    config.name = kBucketNames[index][bucket];
    config.size = kBucketSizes[bucket];
    config.align = std::max(bucket_alignment(config.size), config_.min_align);
    config.flags = config_.debug;
    config.flags = config.flags | flags_of(family);
    Cache<M>& cache = bucket_storage_[index][bucket];
    init_cache(cache, config, has_layouts ? cache.layout() : layout_of(config, true),
               family == Family::internal ? 0 : sheaf_capacity_of(config));
  }
}

template <machine::Machine M>
std::uint32_t SlabAllocator<M>::sheaf_capacity_of(const CacheConfig& config) const {
  if (config_.design != Design::sheaves || has(config.flags, kDebugFlags)) return 0;
  return sheaf_capacity(config.size);
}

template <machine::Machine M>
void SlabAllocator<M>::init_cache(Cache<M>& cache, const CacheConfig& config, const Layout& layout,
                                  std::uint32_t capacity) {
  // splitmix64
  last_secret_ += 0x9e3779b97f4a7c15u;
  std::uint64_t secret = last_secret_;
  secret = (secret ^ secret >> 30) * 0xbf58476d1ce4e5b9u;
  secret = (secret ^ secret >> 27) * 0x94d049bb133111ebu;
  cache.init(config, layout,
             config_.encoded_freelist ? FreelistCodec(secret ^ secret >> 31) : FreelistCodec());
  if (config_.design == Design::sheaves) {
    cache.init_sheaves(capacity, sheaves_.bootstrap(), config_.barn_limit);
  }
  cache.next_cache = first_cache_;
  first_cache_ = &cache;
}

template <machine::Machine M>
bool SlabAllocator<M>::is_possible(const CacheConfig& config) const {
  const std::size_t page_size = source_.pages().page_size();
  // Room for red zones and tracks in the largest block of pages.
  if (config.size == 0 || config.size > page_size << (page::kMaxOrder - 1)) return false;
  return config.align == 0 || (std::has_single_bit(config.align) && config.align <= page_size);
}

template <machine::Machine M>
Cache<M>* SlabAllocator<M>::kmem_cache_create(const CacheConfig& wanted) {
  M::might_sleep(site::may_sleep);
  CacheConfig config = wanted;
  config.flags = config.flags | config_.debug;
  // Readers of a typesafe cache look at free objects too.
  if (has(config.flags, kTypesafeFlags)) config.flags = without(config.flags, CacheFlags::poison);
  if (!is_possible(config)) return nullptr;
  void* const memory = kmalloc(sizeof(Cache<M>), page::gfp::kernel);
  if (memory == nullptr) return nullptr;
  ANYCTX_CHECK_OP(reinterpret_cast<std::uintptr_t>(memory) % alignof(Cache<M>), ==, 0u);
  auto* const cache = new (memory) Cache<M>;
  caches_mutex_.lock();
  init_cache(*cache, config, layout_of(config, false), sheaf_capacity_of(config));
  sheaves_.equip(*cache, page::gfp::kernel);
  caches_mutex_.unlock();
  return cache;
}

template <machine::Machine M>
void SlabAllocator<M>::give_sheaves() {
  for (Cache<M>* cache = first_cache_; cache != nullptr; cache = cache->next_cache) {
    sheaves_.equip(*cache, page::gfp::nowait);
  }
}

template <machine::Machine M>
bool SlabAllocator<M>::kmem_cache_destroy(Cache<M>* cache) {
  kvfree_rcu_barrier();
  caches_mutex_.lock();
  flush_.flush_unused(*cache);
  sheaves_.drain_barns(*cache);
  cache->stop_caching();
  shrinker_.shrink_nodes(*cache);
  unlink(*cache);
  const bool gone = shrinker_.slabs(*cache) == 0;
  caches_mutex_.unlock();
  wait_for_retired(*cache);
  if (gone) {
    std::destroy_at(cache);
    kfree(cache);
  } else {
    M::bug(machine::Bug::cache_in_use, cache);
  }
  return gone;
}

/// Slabs that wait for readers lead to their cache.
template <machine::Machine M>
void SlabAllocator<M>::wait_for_retired(const Cache<M>& cache) {
  if (has(cache.config().flags, CacheFlags::typesafe_by_srcu_fast)) {
    grace_->srcu.barrier();
  } else if (cache.is_typesafe()) {
    grace_->rcu.barrier();
  }
}

template <machine::Machine M>
bool SlabAllocator<M>::kmem_cache_shrink(Cache<M>* cache) {
  M::might_sleep(site::may_sleep);
  flush_.flush_everywhere(*cache);
  sheaves_.drain_barns(*cache);
  shrinker_.shrink_nodes(*cache);
  return shrinker_.slabs(*cache) == 0;
}

template <machine::Machine M>
void SlabAllocator<M>::poll_deferred() {
  free_.deferred().poll();
  grace_->poll();
  if (M::has_workers()) return;
  caches_mutex_.lock();
  for (Cache<M>* cache = first_cache_; cache != nullptr; cache = cache->next_cache) {
    flush_.poll(*cache);
  }
  caches_mutex_.unlock();
}

template <machine::Machine M>
void SlabAllocator<M>::unlink(Cache<M>& cache) {
  Cache<M>** link = &first_cache_;
  while (*link != &cache) link = &(*link)->next_cache;
  *link = cache.next_cache;
  cache.next_cache = nullptr;
}

}  // namespace anyctx::slab
