// The tree's resilient queued spinlock, unmodified, on the machine's CPUs, interrupts and clock.
//
// Much of it is inline in headers, so what they use is redirected before they come.
#include "fuzzers/kernel/atomics.h"

#include <linux/hardirq.h>
#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/smp.h>

// Data of CPUs are in one section, which is a template.
enum { kCpus = 4, kCpuBytes = 4096 };
static char cpu_data[kCpus][kCpuBytes] __aligned(64);
extern char __start_anyctx_rqs_cpu[], __stop_anyctx_rqs_cpu[];
#undef PER_CPU_BASE_SECTION
#define PER_CPU_BASE_SECTION "anyctx_rqs_cpu"
#undef PER_CPU_ALIGNED_SECTION
#define PER_CPU_ALIGNED_SECTION ""
#undef per_cpu_offset
#define per_cpu_offset(cpu) ((unsigned long)cpu_data[cpu] - (unsigned long)__start_anyctx_rqs_cpu)
#include "fuzzers/kernel/percpu.h"

// Contexts.
#undef raw_local_irq_save
#define raw_local_irq_save(flags) ((flags) = anyctx_irq_save())
#undef raw_local_irq_restore
#define raw_local_irq_restore(flags) anyctx_irq_restore(flags)
#undef preempt_disable
#define preempt_disable() anyctx_preempt_disable()
#undef preempt_enable
#define preempt_enable() anyctx_preempt_enable()
#undef in_nmi
#define in_nmi() anyctx_in_nmi()

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/bug.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/mutex.h>
#include <linux/prefetch.h>
#include <linux/timekeeping.h>
#include <trace/events/lock.h>

#include <asm/qspinlock.h>
#include <asm/rqspinlock.h>

#include "fuzzers/kernel/rqspinlock.h"

#define ktime_get_mono_fast_ns() anyctx_now_ns()

// Loops that wait: for others, who say when they are done, or also for the time, which is looked at
// as often as the kernel looks for deadlocks. An architecture may define the loop that has a limit;
// then each turn looks at the clock. (Others look once in 65536 turns.)
#define wait_until(address, is_done, ns)    \
  ({                                        \
    typeof(address) address_ = (address);   \
    __unqual_scalar_typeof(*address_) VAL;  \
    for (;;) {                              \
      const u64 seen_ = anyctx_spin_look(); \
      VAL = READ_ONCE(*address_);           \
      if (is_done) break;                   \
      anyctx_spin_turn(seen_, ns);          \
    }                                       \
    anyctx_spin_end();                      \
    (typeof(*address_))VAL;                 \
  })
#undef smp_cond_load_relaxed
#define smp_cond_load_relaxed(address, is_done) wait_until(address, is_done, kAnyctxForever)
#undef smp_cond_load_acquire
#define smp_cond_load_acquire(address, is_done) wait_until(address, is_done, kAnyctxForever)
#undef res_smp_cond_load_acquire
#define res_smp_cond_load_acquire(address, is_done) wait_until(address, is_done, NSEC_PER_MSEC)
#undef cpu_relax
#define cpu_relax() anyctx_spin_turn(anyctx_spin_look(), NSEC_PER_MSEC)

// A loop that counts its turns does not wait for long. It turns once, as with most architectures.
#undef atomic_cond_read_relaxed
#define atomic_cond_read_relaxed(word, is_done) wait_until(&(word)->counter, is_done, 1)
#undef _Q_PENDING_LOOPS
#define _Q_PENDING_LOOPS 1

// On x86 it is written in assembly.
static __always_inline u32 set_pending(struct qspinlock* lock) {
  anyctx_before_update();
  return queued_fetch_set_pending_acquire(lock);
}
#define queued_fetch_set_pending_acquire(lock) set_pending(lock)

// As in a guest whose CPUs are taken away for long.
static bool tests_and_sets;
#define resilient_virt_spin_lock_enabled() tests_and_sets
#define resilient_virt_spin_lock(lock) resilient_tas_spin_lock(lock)

#include <kernel/bpf/rqspinlock.c>

static rqspinlock_t locks[kKernelRqsLocks];

bool anyctx_rqs_reset(bool test_and_set) {
  const size_t bytes = __stop_anyctx_rqs_cpu - __start_anyctx_rqs_cpu;
  unsigned lock, cpu;

  if (bytes > kCpuBytes) return false;
  for (cpu = 0; cpu < kCpus; ++cpu) memcpy(cpu_data[cpu], __start_anyctx_rqs_cpu, bytes);
  for (lock = 0; lock < kKernelRqsLocks; ++lock) raw_res_spin_lock_init(&locks[lock]);
  tests_and_sets = test_and_set;
  return true;
}

int anyctx_rqs_lock(unsigned lock) {
  return raw_res_spin_lock(&locks[lock]);
}

void anyctx_rqs_unlock(unsigned lock) {
  raw_res_spin_unlock(&locks[lock]);
}

struct anyctx_rqs_attempt anyctx_rqs_lock_irqsave(unsigned lock) {
  unsigned long flags;
  const int result = raw_res_spin_lock_irqsave(&locks[lock], flags);

  return (struct anyctx_rqs_attempt){flags, result};
}

void anyctx_rqs_unlock_irqrestore(unsigned lock, unsigned long flags) {
  raw_res_spin_unlock_irqrestore(&locks[lock], flags);
}

uint32_t anyctx_rqs_word(unsigned lock) {
  return locks[lock].val.counter;
}

unsigned anyctx_rqs_held(unsigned cpu) {
  return per_cpu_ptr(&rqspinlock_held_locks, cpu)->cnt;
}

unsigned anyctx_rqs_nodes(unsigned cpu) {
  return per_cpu_ptr(&rqnodes[0], cpu)->mcs.count;
}

uint32_t anyctx_rqs_bits(enum anyctx_rqs_mask which) {
  switch (which) {
    case kRqsLocked:
      return _Q_LOCKED_MASK;
    case kRqsPending:
      return _Q_PENDING_MASK;
    case kRqsTail:
      break;
  }
  return _Q_TAIL_MASK;
}
