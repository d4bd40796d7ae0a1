// The functions of slab.h upon the tree's slab allocator. Included by slab.c, behind it.
#pragma once

// The deferred objects of a CPU.
static struct llist_head* deferred_objects(unsigned cpu) {
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
  return &per_cpu(deferred_percpu_work, cpu).objects;
#else
  return &per_cpu(defer_free_objects, cpu).objects;
#endif
}

static slab_flags_t slab_flags_of(unsigned flags) {
  slab_flags_t result = 0;

  if (flags & kKernelRedZone) result |= SLAB_RED_ZONE;
  if (flags & kKernelPoison) result |= SLAB_POISON;
  if (flags & kKernelStoreUser) result |= SLAB_STORE_USER;
  if (flags & kKernelConsistency) result |= SLAB_CONSISTENCY_CHECKS;
  if (flags & kKernelSlabReclaimable) result |= SLAB_RECLAIM_ACCOUNT;
  return result;
}

void anyctx_slab_boot(void* memory, unsigned pages, unsigned cpus, unsigned flags) {
  BUILD_BUG_ON(offsetof(struct slub_percpu_sheaves, main) < sizeof(u32));
  slab_kernel_reset(memory, pages, cpus);
  slub_debug = slab_flags_of(flags);
  if (slub_debug) static_branch_enable(&slub_debug_enabled);
  kmem_cache_init();
  kmem_cache_init_late();
  slab_state = FULL;
}

void* anyctx_kmalloc(size_t bytes, unsigned gfp, int node) {
  return kmalloc_node(bytes, slab_gfp(gfp), node);
}

void anyctx_kfree(const void* object) {
  kfree(object);
}

void* anyctx_kmalloc_nolock(size_t bytes, unsigned gfp, int node) {
  return kmalloc_nolock(bytes, slab_gfp(gfp), node);
}

void anyctx_kfree_nolock(const void* object) {
  kfree_nolock(object);
}

size_t anyctx_ksize(const void* object) {
  return ksize(object);
}

// Caches are not merged: who frees to one of the same size would be free to do so.
struct kmem_cache* anyctx_cache_create(const char* name, unsigned size, unsigned align,
                                       unsigned flags, void (*constructor)(void* object)) {
  return kmem_cache_create(name, size, align, slab_flags_of(flags) | SLAB_NO_MERGE, constructor);
}

void anyctx_cache_destroy(struct kmem_cache* cache) {
  kmem_cache_destroy(cache);
}

int anyctx_cache_shrink(struct kmem_cache* cache) {
  return kmem_cache_shrink(cache);
}

void* anyctx_cache_alloc(struct kmem_cache* cache, unsigned gfp, int node) {
  return kmem_cache_alloc_node(cache, slab_gfp(gfp), node);
}

void anyctx_cache_free(struct kmem_cache* cache, void* object) {
  kmem_cache_free(cache, object);
}

struct slab_sheaf* anyctx_sheaf_prefill(struct kmem_cache* cache, unsigned gfp, unsigned count) {
  return kmem_cache_prefill_sheaf(cache, slab_gfp(gfp), count);
}

int anyctx_sheaf_refill(struct kmem_cache* cache, unsigned gfp, struct slab_sheaf** sheaf,
                        unsigned count) {
  return kmem_cache_refill_sheaf(cache, slab_gfp(gfp), sheaf, count);
}

void* anyctx_sheaf_alloc(struct kmem_cache* cache, unsigned gfp, struct slab_sheaf* sheaf) {
  return kmem_cache_alloc_from_sheaf(cache, slab_gfp(gfp), sheaf);
}

void anyctx_sheaf_return(struct kmem_cache* cache, struct slab_sheaf* sheaf) {
  kmem_cache_return_sheaf(cache, GFP_KERNEL, sheaf);
}

void anyctx_slab_barrier(void) {
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
  deferred_work_barrier();
#else
  defer_free_barrier();
#endif
}

void anyctx_slab_run_irq_work(void* work) {
  struct irq_work* const irq_work = work;

  irq_work->func(irq_work);
}

void anyctx_slab_run_work(void* work) {
  struct work_struct* const work_struct = work;

  work_struct->func(work_struct);
}

// What oracles do is no decision point, and no coverage.
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)

static const struct kmem_cache* cache_or_end(const struct list_head* at) {
  return at == &slab_caches ? NULL : list_entry(at, struct kmem_cache, list);
}

const struct kmem_cache* anyctx_first_cache(void) {
  return cache_or_end(slab_caches.next);
}

const struct kmem_cache* anyctx_next_cache(const struct kmem_cache* cache) {
  return cache_or_end(cache->list.next);
}

const struct kmem_cache* anyctx_bucket(size_t bytes) {
  return kmalloc_caches[KMALLOC_NORMAL][__kmalloc_index(bytes, false)];
}

void anyctx_look_at_cache(const struct kmem_cache* cache, struct anyctx_cache* view) {
  const bool is_checked = (cache->flags & SLAB_CONSISTENCY_CHECKS) != 0;

  view->name = cache->name;
  view->object_size = cache->object_size;
  view->slot_size = cache->size;
  view->min_partial = cache->min_partial;
  view->debug = (cache->flags & SLAB_DEBUG_FLAGS) != 0;
  view->lists_full = (cache->flags & SLAB_STORE_USER) != 0;
  view->poison = is_checked && (cache->flags & SLAB_POISON) != 0;
  view->red_zone = is_checked && (cache->flags & SLAB_RED_ZONE) != 0;
  view->reclaimable = (cache->flags & SLAB_RECLAIM_ACCOUNT) != 0;
}

uint32_t anyctx_cache_sheaf_capacity(const struct kmem_cache* cache) {
  return cache->sheaf_capacity;
}

static uint32_t page_of_slab(const struct slab* slab) {
  return page_to_pfn((const struct page*)slab);
}

static struct slab* slab_at(uint32_t page) {
  return (struct slab*)pfn_to_page(page);
}

static uint32_t slab_or_end(const struct list_head* at, const struct list_head* head) {
  return at == head ? kKernelNoSlab : page_of_slab(list_entry(at, struct slab, slab_list));
}

void anyctx_look_at_node(const struct kmem_cache* cache, struct anyctx_node* view) {
  const struct kmem_cache_node* const node = cache->per_node[0].node;

  view->slabs = atomic_long_read(&node->nr_slabs);
  view->objects = atomic_long_read(&node->total_objects);
  view->partial = node->nr_partial;
  view->first_partial = slab_or_end(node->partial.next, &node->partial);
  view->first_full = slab_or_end(node->full.next, &node->full);
}

void anyctx_look_at_sheaves(const struct kmem_cache* cache, unsigned cpu,
                            const struct slab_sheaf* sheaves[2]) {
  const struct slub_percpu_sheaves* const own = per_cpu_ptr(cache->cpu_sheaves, cpu);

  sheaves[0] = own->main;
  sheaves[1] = own->spare;
}

static const struct slab_sheaf* sheaf_or_end(const struct list_head* at,
                                             const struct list_head* head) {
  return at == head ? NULL : list_entry(at, struct slab_sheaf, barn_list);
}

void anyctx_look_at_barn(const struct kmem_cache* cache, struct anyctx_barn* view) {
  const struct node_barn* const barn = cache->per_node[0].barn;

  view->full = barn->nr_full;
  view->empty = barn->nr_empty;
  view->first_full = sheaf_or_end(barn->sheaves_full.next, &barn->sheaves_full);
  view->first_empty = sheaf_or_end(barn->sheaves_empty.next, &barn->sheaves_empty);
}

uint32_t anyctx_sheaf_size(const struct slab_sheaf* sheaf) {
  return sheaf->size;
}

uint32_t anyctx_sheaf_capacity(const struct slab_sheaf* sheaf) {
  return sheaf->cache ? sheaf->cache->sheaf_capacity : 0;
}

uint32_t anyctx_users_sheaf_capacity(const struct slab_sheaf* sheaf) {
  return sheaf->capacity;
}

void* const* anyctx_sheaf_objects(const struct slab_sheaf* sheaf) {
  return sheaf->objects;
}

// The head of the list is in the barn, and has the list of full or of empty ones behind it.
const struct slab_sheaf* anyctx_next_in_barn(const struct slab_sheaf* sheaf) {
  const struct list_head* const next = sheaf->barn_list.next;
  const struct node_barn* const barn = sheaf->cache->per_node[0].barn;
  const bool at_end = next == &barn->sheaves_full || next == &barn->sheaves_empty;

  return at_end ? NULL : list_entry(next, struct slab_sheaf, barn_list);
}

// A slab that has no cache yet is being made.
uint32_t anyctx_slab_of_page(uint32_t page) {
  const struct slab* const slab = page_slab(pfn_to_page(page));

  return slab == NULL || slab->slab_cache == NULL ? kKernelNoSlab : page_of_slab(slab);
}

void anyctx_look_at_slab(uint32_t id, struct anyctx_slab* view) {
  const struct slab* const slab = slab_at(id);

  view->cache = slab->slab_cache;
  view->order = slab_order(slab);
  view->slot_size = slab->slab_cache->size;
  view->first_object = (uintptr_t)fixup_red_left(slab->slab_cache, slab_address(slab));
  view->objects = slab->objects;
  view->inuse = slab->inuse;
  view->frozen = slab->frozen;
  view->on_partial = slab_test_node_partial(slab);
  view->freelist = slab->freelist;
}

uint32_t anyctx_next_slab(uint32_t id) {
  const struct slab* const slab = slab_at(id);
  const struct kmem_cache_node* const node = slab->slab_cache->per_node[0].node;
  const struct list_head* const next = slab->slab_list.next;
  const bool at_end = next == &node->partial || next == &node->full;

  return at_end ? kKernelNoSlab : page_of_slab(list_entry(next, struct slab, slab_list));
}

const void* anyctx_next_free(const struct kmem_cache* cache, const void* object) {
  return get_freepointer((struct kmem_cache*)cache, (void*)object);
}

uintptr_t anyctx_stored_link(const struct kmem_cache* cache, const void* object) {
  return *(const uintptr_t*)(object + cache->offset);
}

bool anyctx_is_structure_of(const struct kmem_cache* cache, const void* object) {
  return object == cache || object == cache->per_node[0].node || object == cache->per_node[0].barn;
}

// What it can be is told by where it lies: nearly every object that is asked for is one.
bool anyctx_is_structure(const void* object) {
  const struct kmem_cache* const of = virt_to_slab(object)->slab_cache;
  const struct kmem_cache* cache;

  list_for_each_entry(cache, &slab_caches, list) {
    const struct kmem_cache_per_node_ptrs* const own = &cache->per_node[0];

    if (object == (of == kmem_cache        ? (const void*)cache
                   : of == kmem_cache_node ? (const void*)own->node
                                           : (const void*)own->barn))
      return true;
  }
  return false;
}

static const void* object_of(const struct llist_node* node) {
  const void* const at = node;

  return at - virt_to_slab(at)->slab_cache->offset;
}

const void* anyctx_first_deferred(unsigned cpu) {
  const struct llist_node* const first = deferred_objects(cpu)->first;

  return first ? object_of(first) : NULL;
}

bool anyctx_is_deferred(const void* object) {
  const struct llist_node* node;
  unsigned cpu;

  for_each_possible_cpu(cpu) {
    for (node = deferred_objects(cpu)->first; node; node = node->next) {
      if (object_of(node) == object) return true;
    }
  }
  return false;
}

#pragma clang attribute pop
