// The tree's object pool, unmodified, on the machine's CPUs with memory from the subject, and what
// oracles see of it.
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/log2.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>

#include "fuzzers/kernel/objpool.h"
#include "fuzzers/kernel/services.h"
#include "inject/kernel/machine.h"

// CPUs.
#undef nr_cpu_ids
#define nr_cpu_ids anyctx_cpus()
#undef num_possible_cpus
#define num_possible_cpus() anyctx_cpus()
#undef cpu_possible
#define cpu_possible(cpu) ((cpu) < anyctx_cpus())
#undef cpu_to_node
#define cpu_to_node(cpu) 0
#undef raw_smp_processor_id
#define raw_smp_processor_id() anyctx_cpu()
#undef raw_local_irq_save
#define raw_local_irq_save(flags) ((flags) = anyctx_irq_save())
#undef raw_local_irq_restore
#define raw_local_irq_restore(flags) anyctx_irq_restore(flags)
#undef for_each_possible_cpu_wrap
#define for_each_possible_cpu_wrap(cpu, start) \
  for (unsigned step_ = 0;                     \
       step_ < anyctx_cpus() && ((cpu) = ((start) + step_) % anyctx_cpus(), true); ++step_)

// Memory.
static void* allocate_zeroed(size_t bytes, const char* caller) {
  void* const memory = anyctx_allocate(bytes, caller);

  return memory ? memset(memory, 0, bytes) : NULL;
}
#undef __vmalloc_node
#define __vmalloc_node(bytes, align, flags, node, caller) anyctx_allocate(bytes, __func__)
#undef kmalloc_node
#define kmalloc_node(bytes, flags, node) anyctx_allocate(bytes, __func__)
#undef kzalloc
#define kzalloc(bytes, flags) allocate_zeroed(bytes, __func__)
#undef kvfree
#define kvfree(memory) anyctx_release(memory)
#undef kfree
#define kfree(memory) anyctx_release(memory)

// Each program is warned anew.
#undef WARN_ON_ONCE
#define WARN_ON_ONCE(condition) WARN_ON(condition)

#include <lib/objpool.c>

size_t anyctx_objpool_bytes(void) {
  return sizeof(struct objpool_head);
}

int anyctx_objpool_init(struct objpool_head* pool, int count, int size, void* context,
                        int (*prepare)(void* object, void* context)) {
  return objpool_init(pool, count, size, GFP_KERNEL, context, prepare, NULL);
}

void* anyctx_objpool_pop(struct objpool_head* pool) {
  return objpool_pop(pool);
}

int anyctx_objpool_push(void* object, struct objpool_head* pool) {
  return objpool_push(object, pool);
}

int anyctx_objpool_drop(void* object, struct objpool_head* pool) {
  return objpool_drop(object, pool);
}

void anyctx_objpool_fini(struct objpool_head* pool) {
  objpool_fini(pool);
}

void anyctx_objpool_ring(const struct objpool_head* pool, unsigned cpu, struct anyctx_ring* ring) {
  const struct objpool_slot* const slot = pool->cpu_slots[cpu];

  ring->head = slot->head;
  ring->last = slot->last;
  ring->tail = slot->tail;
}

const void* anyctx_objpool_entry(const struct objpool_head* pool, unsigned cpu, uint32_t at) {
  const struct objpool_slot* const slot = pool->cpu_slots[cpu];

  return slot->entries[at & slot->mask];
}
