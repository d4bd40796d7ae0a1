// What the kernel's bpf_mem_alloc gets from the rest of its kernel: memory, a lock, deferred work
// and grace periods. Called by units in C, answered by KernelMemStage.
#pragma once

#ifdef __cplusplus
#include <cstddef>
#include <cstdint>
extern "C" {
#else
#include <linux/types.h>
#endif

struct irq_work;
struct rcu_head;
struct work_struct;

// kmalloc() for the function `caller`. `sleeps`: with GFP_KERNEL, otherwise with GFP_NOWAIT.
void* anyctx_mem_allocate(size_t bytes, bool sleeps, bool zeroed, const char* caller);
void anyctx_mem_release(const void* object);

// Data of CPUs, zeroed: those of a CPU are so far behind those of the one before it.
enum { kAnyctxCpuStride = 8192 };
void* anyctx_mem_allocate_percpu(size_t bytes);
void anyctx_mem_release_percpu(const void* data);

// A raw spinlock that lies in such data: one word, 0 while it is free.
unsigned long anyctx_mem_lock_irqsave(uint32_t* word);
void anyctx_mem_unlock_irqrestore(uint32_t* word, unsigned long flags);

void anyctx_mem_irq_work_init(struct irq_work* work);
bool anyctx_mem_irq_work_queue(struct irq_work* work);
void anyctx_mem_irq_work_sync(struct irq_work* work);
bool anyctx_mem_work_queue(struct work_struct* work);

// Grace periods: of RCU, and of RCU Tasks Trace.
enum anyctx_grace { kGraceRcu, kGraceTrace };
void anyctx_mem_call(struct rcu_head* head, enum anyctx_grace grace);
void anyctx_mem_synchronize(enum anyctx_grace grace);
void anyctx_mem_barrier(enum anyctx_grace grace);
unsigned anyctx_mem_read_lock(void);  // of RCU
void anyctx_mem_read_unlock(unsigned token);

#ifdef __cplusplus
}
#endif
