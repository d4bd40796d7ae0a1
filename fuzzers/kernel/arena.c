// The tree's arena, unmodified, on our memory, page tables, locks and processes.
//
// All headers come first: what is redirected below is redirected in the arena only.
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/cacheflush.h>
#include <linux/err.h>
#include <linux/filter.h>
#include <linux/irq_work.h>
#include <linux/llist.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/version.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include <asm/rqspinlock.h>
#include <asm/tlbflush.h>

#include "fuzzers/kernel/arena.h"
#include "fuzzers/kernel/arena_pte.h"
#include "fuzzers/kernel/arena_services.h"
#include "fuzzers/kernel/services.h"

// Memory.
#undef kmalloc_nolock
#define kmalloc_nolock(size, flags, node) anyctx_allocate(size, __func__)
#define kfree_nolock(object) anyctx_release(object)
#undef kmalloc_obj
#define kmalloc_obj(type, ...) ((typeof(type)*)anyctx_allocate_sleeping(sizeof(type), __func__))
#define kfree(object) anyctx_release_sleeping(object)
#define bpf_map_area_alloc(size, node) anyctx_allocate_sleeping(size, __func__)
#define bpf_map_area_free(object) anyctx_release_sleeping(object)
#define bpf_map_alloc_pages(map, node, count, pages) allocate_pages(node, count, pages, __func__)
#define page_ref_add(page, count) anyctx_page_hold(page_to_pfn(page))
#define page_ref_count(page) anyctx_page_references(page_to_pfn(page))

// Leaves of the page table: a pte_t* of a callback is a name for the address (arena_pte.h).
#undef ptep_get
#define ptep_get(ptep) anyctx_ptep_get(ptep)
#undef ptep_try_set
#define ptep_try_set(ptep, pte) anyctx_ptep_try_set(ptep, pte)
#undef ptep_get_and_clear
#define ptep_get_and_clear(mm, address, ptep) anyctx_ptep_get_and_clear(ptep)
#undef flush_tlb_before_set
#define flush_tlb_before_set(address) anyctx_tlb_flush_one(address)
#undef flush_tlb_kernel_range
#define flush_tlb_kernel_range(from, to) anyctx_tlb_flush(from, to)
#undef flush_cache_vmap
#define flush_cache_vmap(from, to) anyctx_leaf_sync(from, to)

// The lock. (Mutexes are functions in arena_kernel.c.)
#undef raw_res_spin_lock_irqsave
#define raw_res_spin_lock_irqsave(lock, flags) anyctx_arena_lock(lock, &(flags))
#undef raw_res_spin_unlock_irqrestore
#define raw_res_spin_unlock_irqrestore(lock, flags) anyctx_arena_unlock(lock, flags)
#undef mutex_init
#define mutex_init(mutex) ((void)(mutex))
#undef schedule_work
#define schedule_work(work) anyctx_work_schedule(work)
#undef flush_work
#define flush_work(work) anyctx_work_flush(work)
#undef irq_work_queue
#define irq_work_queue(work) anyctx_irq_work_queue(work)
#undef irq_work_sync
#define irq_work_sync(work) anyctx_irq_work_sync(work)

// Processes.
#define mmget_not_zero(mm) anyctx_mm_get(mm)
#define mmput(mm) anyctx_mm_put(mm)
#define mmap_read_lock(mm) anyctx_mm_read_lock(mm)
#define mmap_read_unlock(mm) anyctx_mm_read_unlock(mm)
#define find_vma(mm, address) anyctx_mm_find_vma(mm, address)
#define zap_vma_range(vma, start, length) anyctx_mm_zap(vma, start, length)

// All or none, as bpf_map_alloc_pages().
static int allocate_pages(int node, unsigned long count, struct page** pages, const char* caller) {
  unsigned long i;

  for (i = 0; i < count; ++i) {
    uint32_t page = anyctx_page_allocate(node, caller);

    if (page == kKernelNoPage) {
      while (i > 0) anyctx_page_release(page_to_pfn(pages[--i]), true);
      return -ENOMEM;
    }
    pages[i] = pfn_to_page(page);
  }
  return 0;
}

// Each program is warned anew.
#undef WARN_ON_ONCE
#define WARN_ON_ONCE(condition) WARN_ON(condition)

#include <kernel/bpf/arena.c>

#include "fuzzers/kernel/arena_calls.h"
