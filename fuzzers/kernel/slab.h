// The kernel's slab allocator by its own functions, and what oracles see of it. The unit slab.c is
// the tree's mm/slub.c and mm/slab_common.c and the functions below; slab_kernel.c is what that
// calls.
#pragma once

#ifdef __cplusplus
#include <cstddef>
#include <cstdint>
extern "C" {
#else
#include <linux/types.h>
#endif

struct kmem_cache;
struct slab_sheaf;

// What an allocation asks for, in both directions.
enum anyctx_gfp {
  kKernelZero = 1,
  kKernelDirectReclaim = 2,
  kKernelKswapdReclaim = 4,
  kKernelHigh = 8,
  kKernelReclaimable = 16,
  kKernelNoMemalloc = 32,
  kKernelNoWarn = 64,
};

// Checks of caches.
enum anyctx_slab_flag {
  kKernelRedZone = 1,
  kKernelPoison = 2,
  kKernelStoreUser = 4,
  kKernelConsistency = 8,
  kKernelSlabReclaimable = 16,
};

enum { kKernelAnyNode = -1 };

// Boots the allocator on memory that begins at `memory`, with `flags` for all caches.
void anyctx_slab_boot(void* memory, unsigned pages, unsigned cpus, unsigned flags);

void* anyctx_kmalloc(size_t bytes, unsigned gfp, int node);
void anyctx_kfree(const void* object);
void* anyctx_kmalloc_nolock(size_t bytes, unsigned gfp, int node);
void anyctx_kfree_nolock(const void* object);
size_t anyctx_ksize(const void* object);
struct kmem_cache* anyctx_cache_create(const char* name, unsigned size, unsigned align,
                                       unsigned flags, void (*constructor)(void* object));
void anyctx_cache_destroy(struct kmem_cache* cache);
int anyctx_cache_shrink(struct kmem_cache* cache);
void* anyctx_cache_alloc(struct kmem_cache* cache, unsigned gfp, int node);
void anyctx_cache_free(struct kmem_cache* cache, void* object);
struct slab_sheaf* anyctx_sheaf_prefill(struct kmem_cache* cache, unsigned gfp, unsigned count);
int anyctx_sheaf_refill(struct kmem_cache* cache, unsigned gfp, struct slab_sheaf** sheaf,
                        unsigned count);
void* anyctx_sheaf_alloc(struct kmem_cache* cache, unsigned gfp, struct slab_sheaf* sheaf);
void anyctx_sheaf_return(struct kmem_cache* cache, struct slab_sheaf* sheaf);
void anyctx_slab_barrier(void);

// What was deferred: an irq_work or a work that the kernel asked for.
void anyctx_slab_run_irq_work(void* work);
void anyctx_slab_run_work(void* work);

// For oracles. Slabs go by their first page, none is kKernelNoSlab; lists end with null.
enum { kKernelNoSlab = 0xffffffffu };

struct anyctx_cache {
  const char* name;
  uint32_t object_size;
  uint32_t slot_size;
  uint32_t min_partial;
  bool debug;
  bool lists_full;
  bool poison;    // and checked
  bool red_zone;  // and checked
  bool reclaimable;
};
struct anyctx_slab {
  const struct kmem_cache* cache;
  uint32_t order;
  uint32_t slot_size;
  uintptr_t first_object;
  uint32_t objects;
  uint32_t inuse;
  bool frozen;
  bool on_partial;
  const void* freelist;
};
struct anyctx_node {
  int64_t slabs;
  int64_t objects;
  uint32_t partial;
  uint32_t first_partial;
  uint32_t first_full;
};
struct anyctx_barn {
  uint32_t full;
  uint32_t empty;
  const struct slab_sheaf* first_full;
  const struct slab_sheaf* first_empty;
};

const struct kmem_cache* anyctx_first_cache(void);
const struct kmem_cache* anyctx_next_cache(const struct kmem_cache* cache);
const struct kmem_cache* anyctx_bucket(size_t bytes);
void anyctx_look_at_cache(const struct kmem_cache* cache, struct anyctx_cache* view);
uint32_t anyctx_cache_sheaf_capacity(const struct kmem_cache* cache);
void anyctx_look_at_node(const struct kmem_cache* cache, struct anyctx_node* view);
// The main sheaf and the spare one, which may be null.
void anyctx_look_at_sheaves(const struct kmem_cache* cache, unsigned cpu,
                            const struct slab_sheaf* sheaves[2]);
void anyctx_look_at_barn(const struct kmem_cache* cache, struct anyctx_barn* view);
uint32_t anyctx_sheaf_size(const struct slab_sheaf* sheaf);
// That of a user knows itself how much room it has. The one that all share has none.
uint32_t anyctx_sheaf_capacity(const struct slab_sheaf* sheaf);
uint32_t anyctx_users_sheaf_capacity(const struct slab_sheaf* sheaf);
void* const* anyctx_sheaf_objects(const struct slab_sheaf* sheaf);
const struct slab_sheaf* anyctx_next_in_barn(const struct slab_sheaf* sheaf);

uint32_t anyctx_slab_of_page(uint32_t page);
void anyctx_look_at_slab(uint32_t slab, struct anyctx_slab* view);
// The next one on its node's list.
uint32_t anyctx_next_slab(uint32_t slab);
const void* anyctx_next_free(const struct kmem_cache* cache, const void* object);
uintptr_t anyctx_stored_link(const struct kmem_cache* cache, const void* object);
// The structure of a cache, its node's, or its barn; of the one, and of all that are listed.
bool anyctx_is_structure_of(const struct kmem_cache* cache, const void* object);
bool anyctx_is_structure(const void* object);
const void* anyctx_first_deferred(unsigned cpu);
bool anyctx_is_deferred(const void* object);

#ifdef __cplusplus
}
#endif
