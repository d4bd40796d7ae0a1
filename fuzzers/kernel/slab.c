// The tree's slab allocator, unmodified, on our pages, locks and deferred work.
//
// Configured otherwise than kbuild's smallest configuration for ARCH=um says, here and in
// slab_kernel.c alike:

// A freelist is swapped together with its counters, as on machines that can. UML says it cannot;
// whether the machine can is a parameter of programs (slab.c).
#define CONFIG_HAVE_ALIGNED_STRUCT_PAGE 1
// Debug caches, and counters of slabs. Without sysfs, debugfs and stacks.
#define CONFIG_SLUB_DEBUG 1
// Links are encoded, and frees look whose object it is, as distributions have it.
#define CONFIG_SLAB_FREELIST_HARDENED 1
// Nothing waits for grace periods: no program frees by kfree_rcu().
#undef CONFIG_KVFREE_RCU_BATCHED

// All headers come first: what is redirected below is redirected in the allocator only.

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

#include "fuzzers/kernel/services.h"
#include "fuzzers/kernel/slab.h"
#include "fuzzers/kernel/slab_kernel.h"
#include "fuzzers/kernel/slab_services.h"
#include "inject/kernel/machine.h"

// CPUs. What is static and per CPU lies in a section of its own (slab_kernel.h).
#undef raw_smp_processor_id
#define raw_smp_processor_id() anyctx_cpu()
#undef preempt_disable
#define preempt_disable() anyctx_preempt_disable()
#undef preempt_enable
#define preempt_enable() anyctx_preempt_enable()
static inline int enter_preempt(void) {
  preempt_disable();
  return 0;
}
static inline void leave_preempt(int* entered) {
  preempt_enable();
}
#undef guard
#define guard(kind) int guard_of_##kind __attribute__((cleanup(leave_##kind))) = enter_##kind
#undef raw_local_irq_save
#define raw_local_irq_save(flags) ((flags) = anyctx_irq_save())
#undef raw_local_irq_restore
#define raw_local_irq_restore(flags) anyctx_irq_restore(flags)
#undef irqs_disabled
#define irqs_disabled() anyctx_slab_irqs_disabled()
#define can_spin_trylock() anyctx_slab_may_try()
#undef system_has_freelist_aba
#define system_has_freelist_aba() anyctx_slab_has_cas2()
#define might_alloc(flags) (gfpflags_allow_blocking(flags) ? anyctx_slab_might_sleep() : (void)0)
#undef current
#define current (&slab_task)

// Locks of a CPU's sheaves.
#undef local_trylock_init
#define local_trylock_init(lock) (*(u32*)(lock) = 0)
#undef local_trylock
#define local_trylock(lock) (preempt_disable(), anyctx_slab_sheaves_trylock(this_cpu_ptr(lock)))
#undef local_lock
#define local_lock(lock) (preempt_disable(), anyctx_slab_sheaves_lock(this_cpu_ptr(lock)))
#undef local_unlock
#define local_unlock(lock) anyctx_slab_sheaves_unlock(this_cpu_ptr(lock))

// Locks of nodes and barns. That of the map of objects is taken with another one held.
#define is_barn(lock) (__builtin_strcmp(#lock, "&barn->lock") == 0)
#undef spin_lock_init
#define spin_lock_init(lock) (*(u32*)(lock) = 0)
#undef spin_lock_irqsave
#define spin_lock_irqsave(lock, flags) ((flags) = anyctx_slab_spin_lock(lock, is_barn(lock)))
#undef spin_trylock_irqsave
#define spin_trylock_irqsave(lock, flags) anyctx_slab_spin_trylock(lock, is_barn(lock), &(flags))
#undef spin_unlock_irqrestore
#define spin_unlock_irqrestore(lock, flags) anyctx_slab_spin_unlock(lock, is_barn(lock), flags)
#define spin_lock_irq(lock) ((void)anyctx_slab_spin_lock(lock, false))
#define spin_unlock_irq(lock) anyctx_slab_spin_unlock_irq(lock)
#define spin_lock(lock) ((void)(lock))
#define spin_unlock(lock) ((void)(lock))
#define bit_spin_lock(bit, flags) anyctx_slab_bit_lock(page_to_pfn((struct page*)(flags)))
#define bit_spin_unlock(bit, flags) anyctx_slab_bit_unlock(page_to_pfn((struct page*)(flags)))
#define is_flush(mutex) (__builtin_strcmp(#mutex, "&flush_lock") == 0)
#undef mutex_lock
#define mutex_lock(mutex) anyctx_slab_mutex_lock(mutex, is_flush(mutex))
#undef mutex_unlock
#define mutex_unlock(mutex) anyctx_slab_mutex_unlock(mutex, is_flush(mutex))
#define cpus_read_lock() ((void)0)
#define cpus_read_unlock() ((void)0)
#undef lockdep_assert_held
#define lockdep_assert_held(lock) WARN_ON(*(const u32*)(lock) == 0)
#undef lockdep_assert_irqs_disabled
#define lockdep_assert_irqs_disabled() WARN_ON(!irqs_disabled())
#define lockdep_assert_cpus_held() ((void)0)

// Pages.
#undef alloc_frozen_pages
#define alloc_frozen_pages(flags, order) slab_pages_allocate(flags, NUMA_NO_NODE, order, true)
#define alloc_frozen_pages_noprof(flags, order) alloc_frozen_pages(flags, order)
#undef __alloc_frozen_pages
#define __alloc_frozen_pages(flags, order, node, ...) slab_pages_allocate(flags, node, order, true)
#define __alloc_frozen_pages_noprof(flags, order, node, ...) \
  slab_pages_allocate(flags, node, order, true)
#undef alloc_frozen_pages_nolock
#define alloc_frozen_pages_nolock(flags, node, order) \
  slab_pages_allocate((flags) | __GFP_ZERO, node, order, false)
#define free_frozen_pages(page, order) slab_pages_release(page, order, true)
#define free_frozen_pages_nolock(page, order) slab_pages_release(page, order, false)
#undef mod_node_page_state
#define mod_node_page_state(...) ((void)0)
#undef mod_lruvec_page_state
#define mod_lruvec_page_state(...) ((void)0)
#define mm_account_reclaimed_pages(pages) ((void)(pages))

// Deferred work. No program has anything freed after a grace period.
#undef irq_work_queue
#define irq_work_queue(work) anyctx_slab_irq_work_queue(slab_cpu_of(work), work)
#undef irq_work_sync
#define irq_work_sync(work) anyctx_slab_irq_work_sync(slab_cpu_of(work))
#undef queue_work_on
#define queue_work_on(cpu, queue, work) anyctx_slab_work_queue(cpu, work)
#undef flush_work
#define flush_work(work) anyctx_slab_work_flush(slab_cpu_of(work))
#undef alloc_workqueue
#define alloc_workqueue(...) ((struct workqueue_struct*)&slab_task)
#undef call_rcu
#define call_rcu(head, function) anyctx_warn("call_rcu(), which is not answered", 0)
#define rcu_barrier() ((void)0)
#define synchronize_rcu() anyctx_warn("synchronize_rcu(), which is not answered", 0)

// Names are not copied.
#define kstrdup_const(name, flags) (name)
#define kfree_const(name) ((void)(name))

// What it reports about its users is known by its words.
#undef pr_err
#define pr_err(...) slab_says(__VA_ARGS__)
#undef pr_warn
#define pr_warn(...) ((void)0)
#undef pr_info
#define pr_info(...) ((void)0)
#undef dump_stack
#define dump_stack() ((void)0)

// Its own checks. Each program is warned anew. WARN_ON(1) follows a report.
#define failed_check(condition)                   \
  ({                                              \
    bool failed_ = (condition);                   \
                                                  \
    if (failed_) anyctx_warn(__FILE__, __LINE__); \
    failed_;                                      \
  })
#undef WARN_ON
#define WARN_ON(condition) (__builtin_strcmp(#condition, "1") == 0 || failed_check(!!(condition)))
#undef WARN_ON_ONCE
#define WARN_ON_ONCE(condition) WARN_ON(condition)
#undef VM_WARN_ON_ONCE
#define VM_WARN_ON_ONCE(condition) WARN_ON(condition)
#undef WARN
#define WARN(condition, ...)              \
  ({                                      \
    bool failed_ = !!(condition);         \
                                          \
    if (failed_) slab_warns(__VA_ARGS__); \
    failed_;                              \
  })
#undef WARN_ONCE
#define WARN_ONCE(condition, ...) WARN(condition, __VA_ARGS__)
#undef BUG_ON
#define BUG_ON(condition) ((void)failed_check(!!(condition)))
#undef BUG
#define BUG() BUG_ON(true)

#include <mm/slub.c>

#include <mm/slab_common.c>

#include "fuzzers/kernel/slab_calls.h"
