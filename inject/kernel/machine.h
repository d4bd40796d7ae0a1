// What kernel sources may ask of the simulated machine itself, for units and stubs in C. Every
// context.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

unsigned anyctx_cpus(void);
unsigned anyctx_cpu(void);  // stable while interrupts are off
unsigned long anyctx_irq_save(void);
void anyctx_irq_restore(unsigned long state);

#ifdef __cplusplus
}
#endif
