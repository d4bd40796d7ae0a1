// What the kernel's slab allocator gets from the rest of its kernel: CPUs, locks, pages, deferred
// work. Called by units in C, answered by KernelSlabStage. Locks go by their own memory, of which
// the first 32 bits are the simulated machine's; pages by the number of their frame.
#pragma once

#ifdef __cplusplus
#include <cstddef>
#include <cstdint>
extern "C" {
#else
#include <linux/types.h>
#endif

// CPUs.
bool anyctx_slab_irqs_disabled(void);
bool anyctx_slab_may_try(void);  // whether a lock may be tried in this context
bool anyctx_slab_has_cas2(void);
void anyctx_slab_might_sleep(void);

// Locks. On irqs, `state` is what machine.h passes.
bool anyctx_slab_sheaves_trylock(void* lock);
void anyctx_slab_sheaves_lock(void* lock);
void anyctx_slab_sheaves_unlock(void* lock);
unsigned long anyctx_slab_spin_lock(void* lock, bool is_barn);
bool anyctx_slab_spin_trylock(void* lock, bool is_barn, unsigned long* state);
void anyctx_slab_spin_unlock(void* lock, bool is_barn, unsigned long state);
void anyctx_slab_spin_unlock_irq(void* lock);
void anyctx_slab_bit_lock(uint32_t page);
void anyctx_slab_bit_unlock(uint32_t page);
void anyctx_slab_mutex_lock(void* mutex, bool is_flush);
void anyctx_slab_mutex_unlock(void* mutex, bool is_flush);

// Pages, as enum anyctx_gfp says; kKernelNoSlab: none.
uint32_t anyctx_slab_pages_allocate(unsigned gfp, int node, unsigned order, bool may_spin);
void anyctx_slab_pages_release(uint32_t page, unsigned order, bool may_spin);

// Deferred work of a CPU.
void anyctx_slab_irq_work_queue(unsigned cpu, void* work);
void anyctx_slab_irq_work_sync(unsigned cpu);
void anyctx_slab_work_queue(unsigned cpu, void* work);
void anyctx_slab_work_flush(unsigned cpu);

// What the allocator found out about its users.
enum anyctx_misuse {
  kMisuseDoubleFree,
  kMisuseInvalidFree,
  kMisusePoison,
  kMisuseRedZone,
};
void anyctx_slab_report(enum anyctx_misuse misuse);
// A cache of this name that is to be destroyed has objects, and stays.
void anyctx_slab_cache_kept(const char* name);

#ifdef __cplusplus
}
#endif
