// Of the kernel's slab allocator: what is configured otherwise than kbuild's smallest configuration
// for ARCH=um says, in both of its compilations. Before the tree's headers.
#pragma once

// A freelist is swapped together with its counters, as on machines that can. UML says it cannot;
// whether the machine can is a parameter of programs (slab.c).
#define CONFIG_HAVE_ALIGNED_STRUCT_PAGE 1
// Debug caches, and counters of slabs. Without sysfs, debugfs and stacks.
#define CONFIG_SLUB_DEBUG 1
// Nothing waits for grace periods: no program frees by kfree_rcu().
#undef CONFIG_KVFREE_RCU_BATCHED
