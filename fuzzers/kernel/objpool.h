// The kernel's object pool by its own functions, and what oracles see of it. The unit objpool.c is
// the tree's lib/objpool.c with include/linux/objpool.h, and the functions below.
#pragma once

#ifdef __cplusplus
#include <cstddef>
#include <cstdint>
extern "C" {
#else
#include <linux/types.h>
#endif

struct objpool_head;

struct anyctx_ring {
  uint32_t head;
  uint32_t last;
  uint32_t tail;
};

size_t anyctx_objpool_bytes(void);

int anyctx_objpool_init(struct objpool_head* pool, int count, int size, void* context,
                        int (*prepare)(void* object, void* context));
void* anyctx_objpool_pop(struct objpool_head* pool);
int anyctx_objpool_push(void* object, struct objpool_head* pool);
int anyctx_objpool_drop(void* object, struct objpool_head* pool);
void anyctx_objpool_fini(struct objpool_head* pool);

// There is a pool.
void anyctx_objpool_ring(const struct objpool_head* pool, unsigned cpu, struct anyctx_ring* ring);
const void* anyctx_objpool_entry(const struct objpool_head* pool, unsigned cpu, uint32_t at);

#ifdef __cplusplus
}
#endif
