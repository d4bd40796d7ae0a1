// The kernel's resilient queued spinlock by its own macros, and what oracles see of it. The unit
// rqspinlock.c is the tree's kernel/bpf/rqspinlock.c with its headers, and the functions below.
#pragma once

#ifdef __cplusplus
#include <cstdint>
extern "C" {
#else
#include <linux/types.h>
#endif

// Locks go by numbers from 0 up to here.
enum { kKernelRqsLocks = 40 };

// All locks are free, and no CPU has any. `test_and_set`: nobody queues. False: this kernel's data
// of a CPU are larger than the unit has room for.
bool anyctx_rqs_reset(bool test_and_set);

int anyctx_rqs_lock(unsigned lock);
void anyctx_rqs_unlock(unsigned lock);
// In registers: behind a failure, a store would be a point at which the task can go elsewhere.
struct anyctx_rqs_attempt {
  unsigned long flags;  // to be restored, if the lock was taken
  long result;
};
struct anyctx_rqs_attempt anyctx_rqs_lock_irqsave(unsigned lock);
void anyctx_rqs_unlock_irqrestore(unsigned lock, unsigned long flags);

// For oracles.
uint32_t anyctx_rqs_word(unsigned lock);
unsigned anyctx_rqs_held(unsigned cpu);   // locks that a CPU holds or attempts
unsigned anyctx_rqs_nodes(unsigned cpu);  // places in queues that it uses
enum anyctx_rqs_mask { kRqsLocked, kRqsPending, kRqsTail };
uint32_t anyctx_rqs_bits(enum anyctx_rqs_mask which);  // of the word

#ifdef __cplusplus
}
#endif
