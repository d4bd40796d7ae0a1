#include "inject/kernel/machine.h"

#include "inject/kernel/boundary.h"
#include "inject/sim/sim_machine.h"

using anyctx::inject::KernelLeft;
using anyctx::inject::Sim;
using anyctx::machine::IrqState;

unsigned anyctx_cpus() {
  return Sim::cpus();
}

unsigned anyctx_cpu() {
  return Sim::cpu();
}

unsigned long anyctx_irq_save() {
  const KernelLeft outside;
  return static_cast<unsigned long>(Sim::irq_save());
}

void anyctx_irq_restore(unsigned long state) {
  const KernelLeft outside;
  Sim::irq_restore(static_cast<IrqState>(state));
}
