// What the kernel's bpf_mem_alloc calls, by the prototypes of the tree.
#include <linux/spinlock.h>

#include "fuzzers/kernel/mem_alloc_services.h"

static_assert(sizeof(arch_spinlock_t) == sizeof(uint32_t));

unsigned long __lockfunc _raw_spin_lock_irqsave(raw_spinlock_t* lock) {
  return anyctx_mem_lock_irqsave((uint32_t*)&lock->raw_lock);
}

void __lockfunc _raw_spin_unlock_irqrestore(raw_spinlock_t* lock, unsigned long flags) {
  anyctx_mem_unlock_irqrestore((uint32_t*)&lock->raw_lock, flags);
}
