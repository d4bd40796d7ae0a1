// The tree's bpf_mem_alloc, unmodified, on our slabs, interrupts, workers and grace periods.
#include "fuzzers/kernel/atomics.h"

#include <linux/bpf.h>
#include <linux/bpf_mem_alloc.h>
#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/llist.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/rcupdate_trace.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <asm/local.h>

#include "fuzzers/kernel/mem_alloc.h"
#include "fuzzers/kernel/mem_alloc_services.h"

// Data of CPUs.
#undef per_cpu_offset
#define per_cpu_offset(cpu) ((unsigned long)(cpu)*kAnyctxCpuStride)
#include "fuzzers/kernel/percpu.h"
#undef __alloc_percpu_gfp
#define __alloc_percpu_gfp(size, align, flags) anyctx_mem_allocate_percpu(size)
#undef free_percpu
#define free_percpu(data) anyctx_mem_release_percpu(data)

// Memory.
static void* allocate(size_t size, gfp_t flags, const char* caller) {
  return anyctx_mem_allocate(size, flags & __GFP_DIRECT_RECLAIM, flags & __GFP_ZERO, caller);
}
static void* duplicate(const void* from, size_t size, gfp_t flags, const char* caller) {
  void* const copy = allocate(size, flags, caller);

  return copy ? memcpy(copy, from, size) : NULL;
}
#undef kmalloc_node
#define kmalloc_node(size, flags, node) allocate(size, flags, __func__)
#undef kmemdup
#define kmemdup(from, size, flags) duplicate(from, size, flags, __func__)
#undef kfree
#define kfree(object) anyctx_mem_release(object)

// Contexts.
#undef raw_local_irq_save
#define raw_local_irq_save(flags) ((flags) = anyctx_irq_save())
#undef raw_local_irq_restore
#define raw_local_irq_restore(flags) anyctx_irq_restore(flags)

// Counters of one CPU, which are written in assembly.
static __always_inline long increment(local_t* counter) {
  anyctx_before_update();
  return local_inc_return(counter);
}
static __always_inline void decrement(local_t* counter) {
  anyctx_before_update();
  local_dec(counter);
}
#undef local_inc_return
#define local_inc_return(counter) increment(counter)
#define local_dec(counter) decrement(counter)

// Deferred work.
static void init_work_in_irq(struct irq_work* work, void (*function)(struct irq_work*)) {
  *work = IRQ_WORK_INIT(function);
  anyctx_mem_irq_work_init(work);
}
#undef init_irq_work
#define init_irq_work(work, function) init_work_in_irq(work, function)
#undef irq_work_queue
#define irq_work_queue(work) anyctx_mem_irq_work_queue(work)
#undef irq_work_sync
#define irq_work_sync(work) anyctx_mem_irq_work_sync(work)
#undef queue_work
#define queue_work(queue, work) anyctx_mem_work_queue(work)

// Grace periods.
static void call_later(struct rcu_head* head, rcu_callback_t function, enum anyctx_grace grace) {
  head->func = function;
  anyctx_mem_call(head, grace);
}
#define call_rcu_hurry(head, function) call_later(head, function, kGraceRcu)
#define call_rcu_tasks_trace(head, function) call_later(head, function, kGraceTrace)
#define synchronize_rcu() anyctx_mem_synchronize(kGraceRcu)
#define rcu_barrier() anyctx_mem_barrier(kGraceRcu)
#define rcu_barrier_tasks_trace() anyctx_mem_barrier(kGraceTrace)
#undef rcu_request_urgent_qs_task
#define rcu_request_urgent_qs_task(task) ((void)0)

// guard(rcu)(), which the headers have defined by now.
struct reader {
  unsigned token;
};
static __always_inline struct reader begin_reader(void) {
  return (struct reader){anyctx_mem_read_lock()};
}
static __always_inline void end_reader(struct reader* reader) {
  anyctx_mem_read_unlock(reader->token);
}
#define class_rcu_t struct reader
#define class_rcu_constructor begin_reader
#define class_rcu_destructor end_reader

// Each program is warned anew.
#undef WARN_ON_ONCE
#define WARN_ON_ONCE(condition) WARN_ON(condition)

#include <kernel/bpf/memalloc.c>

size_t anyctx_mem_alloc_bytes(void) {
  return sizeof(struct bpf_mem_alloc);
}

int anyctx_mem_alloc_init(struct bpf_mem_alloc* mem, int size) {
  memset(mem, 0, sizeof(*mem));
  return bpf_mem_alloc_init(mem, size, false);
}

void anyctx_mem_alloc_set_dtor(struct bpf_mem_alloc* mem, void (*destruct)(void* object, void* to),
                               void (*end)(void* to), void* to) {
  bpf_mem_alloc_set_dtor(mem, destruct, end, to);
}

void anyctx_mem_alloc_destroy(struct bpf_mem_alloc* mem) {
  bpf_mem_alloc_destroy(mem);
}

void* anyctx_mem_alloc(struct bpf_mem_alloc* mem, size_t size) {
  return mem->cache ? bpf_mem_cache_alloc(mem) : bpf_mem_alloc(mem, size);
}

void anyctx_mem_free(struct bpf_mem_alloc* mem, void* object) {
  mem->cache ? bpf_mem_cache_free(mem, object) : bpf_mem_free(mem, object);
}

void anyctx_mem_free_rcu(struct bpf_mem_alloc* mem, void* object) {
  mem->cache ? bpf_mem_cache_free_rcu(mem, object) : bpf_mem_free_rcu(mem, object);
}

void anyctx_mem_run_irq_work(struct irq_work* work) {
  work->func(work);
}

void anyctx_mem_run_work(struct work_struct* work) {
  work->func(work);
}

void anyctx_mem_run_callback(struct rcu_head* head) {
  head->func(head);
}

static const struct bpf_mem_cache* cache_at(const struct bpf_mem_alloc* mem, unsigned index,
                                            unsigned cpu) {
  return mem->cache ? per_cpu_ptr(mem->cache, cpu) : &per_cpu_ptr(mem->caches, cpu)->cache[index];
}

unsigned anyctx_mem_sizes(const struct bpf_mem_alloc* mem) {
  if (mem->cache) return 1;
  return mem->caches ? NUM_CACHES : 0;
}

unsigned anyctx_mem_index(const struct bpf_mem_alloc* mem, size_t size) {
  return mem->cache ? 0 : bpf_mem_cache_idx(size + LLIST_NODE_SZ);
}

void anyctx_mem_look(const struct bpf_mem_alloc* mem, unsigned index, unsigned cpu,
                     struct anyctx_mem_cache* cache) {
  const struct bpf_mem_cache* const c = cache_at(mem, index, cpu);

  cache->unit = c->unit_size;
  cache->at_hand = c->free_cnt;
  cache->busy = local_read(&c->active) != 0;
  cache->refill = &c->refill_work;
}

void anyctx_mem_visit(const struct bpf_mem_alloc* mem, unsigned index, unsigned cpu,
                      void (*visit)(void* to, enum anyctx_mem_place place, const void* header),
                      void* to) {
  const struct bpf_mem_cache* const c = cache_at(mem, index, cpu);
  const struct llist_head* const lists[] = {
      [kMemFree] = &c->free_llist,
      [kMemExtra] = &c->free_llist_extra,
      [kMemExtraRcu] = &c->free_llist_extra_rcu,
      [kMemByRcu] = &c->free_by_rcu,
      [kMemInRcu] = &c->waiting_for_gp,
      [kMemBeforeTrace] = &c->free_by_rcu_ttrace,
      [kMemInTrace] = &c->waiting_for_gp_ttrace,
  };
  const struct llist_node* node;
  unsigned place;

  for (place = 0; place < ARRAY_SIZE(lists); ++place)
    for (node = lists[place]->first; node; node = node->next) visit(to, place, node);
}
