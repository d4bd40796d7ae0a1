// The kernel's bpf_mem_alloc by its own functions, and what oracles see of it. The unit mem_alloc.c
// is the tree's kernel/bpf/memalloc.c and the functions below; mem_alloc_kernel.c is what that
// calls.
#pragma once

#ifdef __cplusplus
#include <cstddef>
#include <cstdint>
extern "C" {
#else
#include <linux/types.h>
#endif

struct bpf_mem_alloc;
struct irq_work;
struct rcu_head;
struct work_struct;

size_t anyctx_mem_alloc_bytes(void);

// `size` 0: objects of any size. Errors are negative.
int anyctx_mem_alloc_init(struct bpf_mem_alloc* mem, int size);
void anyctx_mem_alloc_set_dtor(struct bpf_mem_alloc* mem, void (*destruct)(void* object, void* to),
                               void (*end)(void* to), void* to);
void anyctx_mem_alloc_destroy(struct bpf_mem_alloc* mem);
// Of one that has objects of one size, `size` is that.
void* anyctx_mem_alloc(struct bpf_mem_alloc* mem, size_t size);
void anyctx_mem_free(struct bpf_mem_alloc* mem, void* object);
void anyctx_mem_free_rcu(struct bpf_mem_alloc* mem, void* object);

// What was deferred.
void anyctx_mem_run_irq_work(struct irq_work* work);
void anyctx_mem_run_work(struct work_struct* work);
void anyctx_mem_run_callback(struct rcu_head* head);

// For oracles, of an allocator that exists.
struct anyctx_mem_cache {
  uint32_t unit;  // bytes of an object with its header
  int32_t at_hand;
  bool busy;           // a frame is inside
  const void* refill;  // its irq_work
};
unsigned anyctx_mem_sizes(const struct bpf_mem_alloc* mem);
unsigned anyctx_mem_index(const struct bpf_mem_alloc* mem, size_t size);
void anyctx_mem_look(const struct bpf_mem_alloc* mem, unsigned index, unsigned cpu,
                     struct anyctx_mem_cache* cache);
enum anyctx_mem_place {
  kMemFree,
  kMemExtra,
  kMemExtraRcu,
  kMemByRcu,
  kMemInRcu,
  kMemBeforeTrace,
  kMemInTrace,
};
// Each object in the cache's lists, as its header.
void anyctx_mem_visit(const struct bpf_mem_alloc* mem, unsigned index, unsigned cpu,
                      void (*visit)(void* to, enum anyctx_mem_place place, const void* header),
                      void* to);

#ifdef __cplusplus
}
#endif
