// SlabAllocator: kmalloc, kmem_cache and their nolock forms, on pages of a PageAllocator.
// Source: Linux 6.18 mm/slub.c and mm/slab_common.c, classic per-CPU slabs; Linux 7.3 mm/slub.c,
// sheaves and kfree_rcu.
#pragma once

#include "lib/slab/alloc_path.h"
#include "lib/slab/free_path.h"
#include "lib/slab/sheaf_alloc_path.h"
#include "lib/slab/shrink.h"

namespace anyctx::slab {

/// What kmalloc_nolock() does on machines without a double-word swap, where the words of a slab
/// are changed under a lock. (Caches with checks never change them otherwise.)
enum class WithoutCas2 : std::uint8_t {
  try_lock,    // that lock is tried, once for each slab
  fail,        // nothing is served, as in Linux 6.18 and 7.3
  sheaf_only,  // what sheaves have at hand is served: they need no swap. Without sheaves: as fail
};

struct Config {
  bool encoded_freelist = false;        // next pointers of free objects are encoded
  std::uint64_t seed = 1;               // of the caches' secrets
  unsigned min_align = 8;               // of kmalloc objects; power of two
  CacheFlags debug = CacheFlags::none;  // added to the flags of every cache
  WithoutCas2 without_cas2 = WithoutCas2::try_lock;
  Design design = Design::classic;
  std::uint32_t barn_limit = 10;  // full sheaves, and empty ones, that CPUs of a node share
};

/// What a request for no bytes yields: not null, not to be dereferenced, free to be freed.
inline void* const kZeroSize = reinterpret_cast<void*>(16);

/// No heap, no globals: the owner passes the storage to init(). Contexts: "ordinary" calls may
/// spin, and are legal in task, softirq and hardirq (RT: in preemptible tasks), those with
/// gfp::direct_reclaim in preemptible tasks only. "Nolock" calls are legal everywhere and never
/// wait. An object is freed by the same allocator, with any of its free functions. Freeing null or
/// kZeroSize does nothing. Misuse is reported through M::bug(), and what was misused is leaked.
///
/// Four ways to free what others may still look at (docs/freeing.md): at once; after a grace period
/// of RCU; of SRCU-fast, which holds for readers of RCU too; or at once in a typesafe cache.
template <machine::Machine M>
class SlabAllocator {
 public:
  SlabAllocator() = default;
  SlabAllocator(const SlabAllocator&) = delete;
  SlabAllocator& operator=(const SlabAllocator&) = delete;

  /// Starts over, whatever state it was left in. `slabs` has an element for each page of `pages`,
  /// `words` has deferred_words() elements. `grace` was just initialised; this allocator is the one
  /// that it releases memory to. If `pages` account to a Memcg, objects asked for with gfp::account
  /// are paid for by whoever is current there. Single-threaded.
  void init(page::PageAllocator<M>& pages, defer::Grace<M>& grace, const Config& config,
            std::span<Slab<M>> slabs, std::span<DeferredWord<M>> words);

  /// Gives every CPU a sheaf of every kmalloc cache, as a kernel has it when it has booted. Before,
  /// and where memory is short, a CPU gets its first one from a call that may wait, and calls that
  /// must not wait do without. Single-threaded, after init().
  void give_sheaves();

  // kmalloc.

  /// At least `size` bytes, aligned to the largest power of two that divides their bucket's size;
  /// zero if gfp::zero; null if there is no memory, or if nobody may have that much. `nid` is a
  /// hint unless gfp::thisnode. Ordinary.
  void* kmalloc(std::size_t size, page::Gfp gfp, int nid = page::kNoNode) {
    if (size - 1 >= kMaxCacheSize) [[unlikely]]
      return size == 0 ? kZeroSize : kmalloc_large(size, gfp, nid);
    return allocate(bucket(size, gfp), gfp, nid, size);
  }
  /// One attempt that never waits, in the bucket of the size and, if that fails, in the next one.
  /// Of `gfp`, zero, reclaimable and account have a meaning. More than kMaxCacheSize bytes are
  /// whole pages, zeroed, of orders below page::kPcpOrders. Null says no more than that it failed.
  /// Nolock.
  void* kmalloc_nolock(std::size_t size, page::Gfp gfp, int nid = page::kNoNode);

  /// Ordinary.
  void kfree(const void* object) {
    if (is_nothing(object)) return;
    Slab<M>* const slab = source_.slab_of(object);
    if (slab == nullptr) [[unlikely]]
      return kfree_large(object, page::Spin::allowed);
    if (charge_.is_on()) [[unlikely]]
      charge_.uncharge(*slab, object, page::Spin::allowed);
    free_.free(*slab->cache, *slab, const_cast<void*>(object));
  }
  /// Consumes the object, now or in deferred work. Nolock.
  void kfree_nolock(const void* object) {
    if (is_nothing(object)) return;
    Slab<M>* const slab = source_.slab_of(object);
    if (slab == nullptr) [[unlikely]]
      return kfree_large(object, page::Spin::never);
    if (charge_.is_on()) [[unlikely]]
      charge_.uncharge(*slab, object, page::Spin::never);
    free_.free_nolock(*slab->cache, *slab, const_cast<void*>(object));
  }
  /// Frees the object that `head` is a word of, after a grace period of RCU. Only this word is
  /// written to before that. It lies in the first page of a large object. Ordinary.
  void kfree_rcu(defer::LlistNode* head) { free_after_rcu(head, page::Spin::allowed); }
  /// The same, nolock.
  void kfree_rcu_nolock(defer::LlistNode* head) { free_after_rcu(head, page::Spin::never); }
  /// The same after a grace period of SRCU-fast, which contains one of RCU. Nolock.
  void kfree_srcu_fast_nolock(defer::LlistNode* head) { free_after_grace(head, grace_->srcu); }

  /// How many bytes of an object of the caller may be used; 0 for null and kZeroSize. Not to be
  /// computed from the requested size: the object may come from the next bucket. Every context.
  std::size_t ksize(const void* object);

  // kmem_cache.

  /// A cache of objects of one size, or null if there is no memory or the configuration is not
  /// possible. Sleeps: preemptible tasks only.
  Cache<M>* kmem_cache_create(const CacheConfig& config);
  /// True if the cache is gone. False, and a report, if objects are live: then the cache stays as
  /// it is, without its name in the list, and its objects can still be freed. Objects passed to
  /// any free function before are not live. Nobody else uses the cache. Sleeps.
  bool kmem_cache_destroy(Cache<M>* cache);
  /// Gives unused slabs back, also those that CPUs have cached. True if no slab remains. A machine
  /// without workers does not reach other CPUs: they do it at their next slow path, or when they
  /// poll. Sleeps.
  bool kmem_cache_shrink(Cache<M>* cache);
  /// As kmalloc().
  void* kmem_cache_alloc(Cache<M>* cache, page::Gfp gfp, int nid = page::kNoNode) {
    return allocate(*cache, gfp, nid, cache->object_size());
  }
  /// `object` was allocated from `cache`. Ordinary.
  void kmem_cache_free(Cache<M>* cache, void* object) {
    if (is_nothing(object)) return;
    Slab<M>* const slab = source_.slab_of(object);
    if (slab == nullptr || slab->cache != cache) [[unlikely]]
      return M::bug(machine::Bug::invalid_free, object);
    if (charge_.is_on()) [[unlikely]]
      charge_.uncharge(*slab, object, page::Spin::allowed);
    free_.free(*cache, *slab, object);
  }

  /// One attempt that never waits, as kmalloc_nolock(), but from this cache only. Nolock.
  void* kmem_cache_alloc_nolock(Cache<M>* cache, page::Gfp gfp, int nid = page::kNoNode);
  /// As kmem_cache_free(). Nolock.
  void kmem_cache_free_nolock(Cache<M>* cache, void* object) {
    if (is_nothing(object)) return;
    Slab<M>* const slab = source_.slab_of(object);
    if (slab == nullptr || slab->cache != cache) [[unlikely]]
      return M::bug(machine::Bug::invalid_free, object);
    if (charge_.is_on()) [[unlikely]]
      charge_.uncharge(*slab, object, page::Spin::never);
    free_.free_nolock(*cache, *slab, object);
  }

  // Sheaves that one user has to himself, so that what he is about to allocate cannot fail. They
  // are returned before their cache is destroyed.

  /// A sheaf with `count` objects or more, or null: there is no memory, or the design knows none.
  /// Ordinary.
  Sheaf<M>* kmem_cache_prefill_sheaf(Cache<M>* cache, page::Gfp gfp, std::uint32_t count);
  /// Fills up to `count` objects; the sheaf may be another one afterwards. False if memory was too
  /// short: it keeps what it has. Ordinary.
  bool kmem_cache_refill_sheaf(Cache<M>* cache, page::Gfp gfp, Sheaf<M>** sheaf,
                               std::uint32_t count);
  /// Null only if the sheaf is empty. Of `gfp`, zero has a meaning. Every context.
  void* kmem_cache_alloc_from_sheaf(Cache<M>* cache, page::Gfp gfp, Sheaf<M>* sheaf);
  /// With what is left in it. Ordinary.
  void kmem_cache_return_sheaf(Cache<M>* cache, Sheaf<M>* sheaf);

  // Deferred work.

  /// Returns when every object passed to kfree_nolock() before is free. Sleeps.
  void deferred_work_barrier() {
    M::might_sleep(site::may_sleep);
    free_.deferred().barrier();
  }
  /// Returns when every object passed to any free function before is free. Sleeps; not for readers.
  void kvfree_rcu_barrier();
  /// On machines that do not interrupt themselves: processes what this CPU deferred; on machines
  /// without workers: gives up what was to be shrunk. The slow path of ordinary allocations does
  /// the same, for its cache. Sleeps on such machines only.
  void poll_deferred();

  // For oracles: no decision points. More in lib/slab/census.h.

  defer::Grace<M>& grace() const { return *grace_; }
  const SlabSource<M>& source() const { return source_; }
  const ObjectCharge<M>& charge() const { return charge_; }
  const Deferred<M>& deferred() const { return free_.deferred(); }
  Design design() const { return config_.design; }
  /// What a CPU without sheaves has for one.
  const Sheaf<M>& bootstrap_sheaf() const { return sheaves_.bootstrap(); }
  /// First of the caches, linked through Cache::next_cache.
  const Cache<M>* first_cache() const { return first_cache_; }
  const Cache<M>& bucket_cache(unsigned index, Family family = Family::normal) const {
    return *buckets_[static_cast<unsigned>(family)][index];
  }

 private:
  static bool is_nothing(const void* object) {
    return reinterpret_cast<std::uintptr_t>(object) <= reinterpret_cast<std::uintptr_t>(kZeroSize);
  }

  Cache<M>& bucket(std::size_t size, page::Gfp gfp) {
    return *buckets_[static_cast<unsigned>(family_of(gfp))][bucket_of(size)];
  }
  Family family_of(page::Gfp gfp) const {
    if (!has(gfp, page::gfp::reclaimable | page::gfp::account)) [[likely]]
      return Family::normal;
    if (has(gfp, page::gfp::reclaimable)) return Family::reclaimable;
    return charge_.is_on() ? Family::accounted : Family::normal;
  }

  [[gnu::always_inline]] void* allocate(Cache<M>& cache, page::Gfp gfp, int nid, std::size_t size) {
    if (has(gfp, page::gfp::direct_reclaim)) M::might_sleep(site::may_sleep);
    const Request request{gfp, nid, page::Spin::allowed, static_cast<std::uint32_t>(size)};
    void* const object = allocate(cache, request);
    if (charge_.is_on()) [[unlikely]]
      return charged(cache, object, request);
    return object;
  }
  [[gnu::always_inline]] void* allocate(Cache<M>& cache, const Request& request) {
    if (config_.design == Design::sheaves) [[unlikely]] {
      return sheaf_alloc_.allocate(cache, request);
    }
    return alloc_.allocate(cache, request);
  }

  void* charged(Cache<M>& cache, void* object, const Request& request);
  void* allocate_vector(std::size_t bytes, page::Gfp gfp, page::Spin spin);
  void free_vector(void* vector, page::Spin spin);

  void* kmalloc_large(std::size_t size, page::Gfp gfp, int nid);
  void* kmalloc_large_nolock(std::size_t size, page::Gfp gfp, int nid);
  void kfree_large(const void* object, page::Spin spin);
  bool may_try() const;
  bool may_serve(const Cache<M>& cache, Request& request) const;

  template <class Domain>
  void free_after_grace(defer::LlistNode* head, Domain& domain);
  void free_after_rcu(defer::LlistNode* head, page::Spin spin);
  void* mark_waiting(defer::LlistNode* head);
  void clean(void* object);
  void submit_waiting();
  void* object_around(const void* word) const;
  void release(defer::LlistNode* head);

  // Construction.
  void init_buckets(Family family);
  void init_charge();
  static CacheFlags flags_of(Family family) {
    constexpr CacheFlags flags[kFamilies] = {CacheFlags::none, CacheFlags::reclaimable,
                                             CacheFlags::accounted, CacheFlags::internal};
    return flags[static_cast<unsigned>(family)];
  }
  void init_cache(Cache<M>& cache, const CacheConfig& config, const Layout& layout,
                  std::uint32_t capacity);
  std::uint32_t sheaf_capacity_of(const CacheConfig& config) const;
  bool is_shaped_like(const page::PageAllocator<M>& pages, const Config& config) const;
  Layout layout_of(const CacheConfig& config, bool is_kmalloc) const {
    return make_layout(config, is_kmalloc, source_.pages().page_shift(), M::cpus());
  }
  bool is_possible(const CacheConfig& config) const;
  void unlink(Cache<M>& cache);
  void wait_for_retired(const Cache<M>& cache);

  Cache<M>* buckets_[kFamilies][kBuckets] = {};
  defer::Grace<M>* grace_ = nullptr;
  SlabSource<M> source_;
  PartialLists<M> lists_;
  DebugPath<M> debug_;
  SingleObjects<M> singles_;
  SheafStore<M> sheaf_store_;
  SheafPath<M> sheaves_;
  FreePath<M> free_;
  AllocPath<M> alloc_;
  ObjectCharge<M> charge_;
  SheafAllocPath<M> sheaf_alloc_;
  CpuFlush<M> flush_;
  Shrinker<M> shrinker_;

  Config config_;
  unsigned page_shift_ = 0;  // what the buckets' layouts were made for
  unsigned cpus_ = 0;
  unsigned families_ = 0;  // one bit for each family whose layouts are made
  std::uint64_t last_secret_ = 0;
  Cache<M>* first_cache_ = nullptr;  // caches mutex
  sync::Mutex<M, site::caches_mutex> caches_mutex_;
  Cache<M> bucket_storage_[kFamilies][kBuckets];
};

}  // namespace anyctx::slab

#include "lib/slab/slab_allocator_caches.h"
#include "lib/slab/slab_allocator_grace.h"
#include "lib/slab/slab_allocator_kmalloc.h"
#include "lib/slab/slab_allocator_prefill.h"
