// What kernel sources may ask of the simulated machine itself, for units and stubs in C. Every
// context.
#pragma once

#ifdef __cplusplus
#include <cstdint>
extern "C" {
#else
#include <linux/types.h>
#endif

// Where the sources are, without a slash at the end. The build defines it (fuzzers/kernel/tree.c).
extern const char anyctx_kernel_tree[];

unsigned anyctx_cpus(void);
unsigned anyctx_cpu(void);  // stable while interrupts are off
unsigned long anyctx_irq_save(void);
void anyctx_irq_restore(unsigned long state);
void anyctx_preempt_disable(void);
void anyctx_preempt_enable(void);
bool anyctx_in_nmi(void);  // or in a probe program: a breakpoint is like an NMI
uint64_t anyctx_now_ns(void);

// An atomic update of memory comes next: a decision point, as the compiler makes of accesses that
// it can see.
void anyctx_before_update(void);

// A loop that spins until others have done something. Each turn begins with a look, at the machine
// and then at what the loop waits for; while that is not done, others run, at most until something
// happens or `ns` nanoseconds have passed; twice as long after some turns in which nothing
// happened. After the last turn comes the end.
enum { kAnyctxForever = 0 };
uint64_t anyctx_spin_look(void);
void anyctx_spin_turn(uint64_t seen, uint64_t ns);  // kAnyctxForever: not by itself
void anyctx_spin_end(void);

#ifdef __cplusplus
}
#endif
