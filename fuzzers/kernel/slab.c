// The tree's slab allocator, unmodified, on our pages, locks and deferred work.
//
// All headers come first: what is redirected below is redirected in the allocator only.
#include "fuzzers/kernel/slab_config.h"

#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/bit_spinlock.h>
#include <linux/cpu.h>
#include <linux/cpuset.h>
#include <linux/debugfs.h>
#include <linux/debugobjects.h>
#include <linux/dma-mapping.h>
#include <linux/fault-inject.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kfence.h>
#include <linux/kmemleak.h>
#include <linux/kmsan.h>
#include <linux/memcontrol.h>
#include <linux/memory.h>
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/node.h>
#include <linux/poison.h>
#include <linux/prandom.h>
#include <linux/proc_fs.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/stackdepot.h>
#include <linux/stacktrace.h>
#include <linux/swap.h>
#include <linux/swiotlb.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#include <linux/vmalloc.h>
#include <trace/events/kmem.h>
#include <trace/events/rcu.h>

#include <kernel/rcu/rcu.h>
#include <mm/internal.h>
#if __has_include(<mm/page_alloc.h>)  // since 7.3
#include <mm/page_alloc.h>
#endif
#include <mm/slab.h>

#include "fuzzers/kernel/slab.h"
#include "fuzzers/kernel/slab_redirects.h"

#include <mm/slub.c>

#include <mm/slab_common.c>

#include "fuzzers/kernel/slab_calls.h"
