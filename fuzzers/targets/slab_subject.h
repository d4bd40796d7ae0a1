// SlabSubject: a slab allocator under test, by the names, arguments and results of the kernel's
// API.
//
// Whoever implements it stands for one allocator: the one in lib/slab, or the user's kernel
// sources. The target, its model and its oracles know nothing else of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "fuzzers/targets/slab_memcg_inspector.h"
#include "fuzzers/targets/slab_options.h"
#include "inject/sim/simulation.h"
#include "lib/page/gfp.h"

namespace anyctx::target {

struct CacheSpec {
  std::string_view name;  // outlives the cache
  std::uint32_t size = 0;
  std::uint32_t align = 0;
  CacheDebug debug;
  bool reclaimable = false;
  void (*constructor)(void* object) = nullptr;
};

/// How strictly a subject is judged.
struct SlabStrictness {
  // kmalloc_nolock() serves, and kfree_nolock() takes, what no bucket is large enough for; else
  // the one fails, and the other is not called.
  bool nolock_takes_large = true;
  // ksize() is what was asked for when the cache was created; else there may be more.
  bool ksize_is_object_size = true;
  // Full slabs of all debug caches are listed; else of those only that store users.
  bool lists_full_slabs = true;
  // A barn keeps no more full sheaves than its limit; else tasks that race may exceed it.
  bool barn_is_bounded = true;
  // What fails makes no slab; else it may have made one for a sheaf, which stays with its cache.
  bool failure_makes_no_slab = true;
  // The spare sheaf of a CPU is full or empty; else it may be one that a user gave back.
  bool spare_is_whole = true;
  // Shrinking takes all that is cached of a bucket, too; else it frees sheaves into such.
  bool shrink_empties_buckets = true;
};

/// A block of pages that was handed out: its memory, by the address of its first page.
using Pages = void*;

class SlabSubject {
 public:
  virtual ~SlabSubject() = default;

  /// Starts over with empty caches and all memory free.
  virtual void reset(const SlabOptions& options) = 0;
  virtual const SlabInspector& inspector() const = 0;
  virtual SlabStrictness strictness() const { return {}; }
  /// Null: nothing is accounted.
  virtual const MemcgInspector* memcg() const { return nullptr; }

  virtual void* kmalloc(std::size_t size, page::Gfp gfp, int node) = 0;
  virtual void kfree(const void* object) = 0;
  virtual void* kmalloc_nolock(std::size_t size, page::Gfp gfp, int node) = 0;
  virtual void kfree_nolock(const void* object) = 0;
  virtual std::size_t ksize(const void* object) = 0;

  virtual CacheHandle kmem_cache_create(const CacheSpec& spec) = 0;
  virtual bool kmem_cache_destroy(CacheHandle cache) = 0;  // true: it is gone
  virtual bool kmem_cache_shrink(CacheHandle cache) = 0;   // true: it has no slab left
  virtual void* kmem_cache_alloc(CacheHandle cache, page::Gfp gfp, int node) = 0;
  virtual void kmem_cache_free(CacheHandle cache, void* object) = 0;
  virtual void* kmem_cache_alloc_nolock(CacheHandle cache, page::Gfp gfp, int node) = 0;
  virtual void kmem_cache_free_nolock(CacheHandle cache, void* object) = 0;
  virtual void deferred_work_barrier() = 0;

  virtual SheafId kmem_cache_prefill_sheaf(CacheHandle cache, page::Gfp gfp, unsigned count) = 0;
  virtual bool kmem_cache_refill_sheaf(CacheHandle cache, page::Gfp gfp, SheafId& sheaf,
                                       unsigned count) = 0;
  virtual void* kmem_cache_alloc_from_sheaf(CacheHandle cache, page::Gfp gfp, SheafId sheaf) = 0;
  virtual void kmem_cache_return_sheaf(CacheHandle cache, SheafId sheaf) = 0;

  virtual Pages alloc_pages(page::Gfp gfp, int node, unsigned order) = 0;
  virtual void free_pages(Pages pages, unsigned order) = 0;
  virtual Pages alloc_pages_nolock(page::Gfp gfp, int node, unsigned order) = 0;
  virtual void free_pages_nolock(Pages pages, unsigned order) = 0;
  virtual void drain_pcp() = 0;
  virtual void drain_parked() = 0;

  // Only where something is accounted.
  /// A group's tasks end, and others with another payer come. False: there is no other payer.
  virtual bool replace_payer(unsigned) { return false; }
  /// Gives up what this CPU has charged in advance.
  virtual void drain_stock() {}
  /// No tasks are left, and no CPU keeps anything charged. Nobody uses the subject.
  virtual void end_accounting() {}
};

/// The allocator in lib/slab, on the memory of a simulation that runs one CPU configuration after
/// the other.
std::unique_ptr<SlabSubject> make_own_slab_subject(inject::Simulation& simulation);

}  // namespace anyctx::target
