// What the kernel's arena gets from the rest of its kernel: pages, kernel addresses, locks,
// deferred work, processes. Called by units in C, answered by KernelArenaStage. Pages go by the
// number of their frame. What lies in an arena (locks, works) goes by its address.
#pragma once

#ifdef __cplusplus
#include <cstddef>
#include <cstdint>
extern "C" {
#else
#include <linux/types.h>
#endif

struct vm_area_struct;

// Memory for tasks, zeroed.
void* anyctx_allocate_sleeping(size_t bytes, const char* caller);
void anyctx_release_sleeping(const void* object);

// Pages, zeroed, with one reference; kKernelNoPage: none.
uint32_t anyctx_page_allocate(int node, const char* caller);
void anyctx_page_release(uint32_t page, bool any_context);
void anyctx_page_hold(uint32_t page);
int anyctx_page_references(uint32_t page);

// Kernel addresses and what is mapped there.
unsigned long anyctx_area_create(void);  // 0: none
void anyctx_area_destroy(unsigned long base);
uint32_t anyctx_leaf_load(unsigned long at);
bool anyctx_leaf_install(unsigned long at, uint32_t page);
uint32_t anyctx_leaf_clear(unsigned long at);
unsigned long anyctx_leaf_next(unsigned long from, unsigned long to);  // the next that is not empty
void anyctx_leaf_sync(unsigned long from, unsigned long to);
void anyctx_tlb_flush(unsigned long from, unsigned long to);
void anyctx_tlb_flush_one(unsigned long at);

// Locks and deferred work that lie in an arena.
int anyctx_arena_lock(void* lock, unsigned long* flags);
void anyctx_arena_unlock(void* lock, unsigned long flags);
void anyctx_mutex_lock(void* mutex);
void anyctx_mutex_unlock(void* mutex);
bool anyctx_irq_work_queue(void* work);
void anyctx_irq_work_sync(void* work);
bool anyctx_work_schedule(void* work);
void anyctx_work_flush(void* work);

// Processes.
bool anyctx_mm_get(void* mm);
void anyctx_mm_put(void* mm);
void anyctx_mm_read_lock(void* mm);
void anyctx_mm_read_unlock(void* mm);
struct vm_area_struct* anyctx_mm_find_vma(void* mm, unsigned long address);
void anyctx_mm_zap(struct vm_area_struct* vma, unsigned long start, unsigned long length);
long anyctx_mm_find_hole(void* mm, unsigned long address, unsigned long length, bool fixed);

#ifdef __cplusplus
}
#endif
