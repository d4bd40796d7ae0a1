// What the kernel's slab allocator finds around it, by the tree's types. Defined in slab_kernel.c.
#pragma once

#include <linux/gfp_types.h>
#include <linux/mm_types.h>
#include <linux/sched.h>

// Who is current; only its number is looked at.
extern struct task_struct slab_task;

// Starts over: memory of so many pages and CPUs, and what is static is as it was linked.
void slab_kernel_reset(void* memory, unsigned pages, unsigned cpus);
// The CPU whose this is.
unsigned slab_cpu_of(const void* percpu);

gfp_t slab_gfp(unsigned gfp);  // of enum anyctx_gfp
struct page* slab_pages_allocate(gfp_t flags, int node, unsigned order, bool may_spin);
void slab_pages_release(struct page* page, unsigned order, bool may_spin);

// What is printed.
void slab_says(const char* format, ...);
// What a check that failed says.
void slab_warns(const char* format, ...);
