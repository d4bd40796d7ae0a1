// What a slab allocator promises to every context.
#pragma once

#include <linux/types.h>

#define __GFP_ACCOUNT 1u
#define NUMA_NO_NODE (-1)

void* kmalloc_nolock(size_t size, u32 flags, int node);
void kfree_nolock(const void* object);
