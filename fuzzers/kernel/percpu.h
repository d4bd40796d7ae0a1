// Data of CPUs, for units. Behind <linux/percpu.h> and <linux/smp.h>, before headers whose inline
// functions use such data. A unit redefines per_cpu_offset(cpu) beforehand: where the data of a CPU
// are.
//
// An update of this CPU's data is one instruction on x86, and one step here. The generic functions,
// which ARCH=um has, would let an NMI in between.
#pragma once

#include "inject/kernel/machine.h"

#undef raw_smp_processor_id
#define raw_smp_processor_id() anyctx_cpu()
#undef cpu_to_node
#define cpu_to_node(cpu) 0
#undef for_each_possible_cpu
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < anyctx_cpus(); ++(cpu))

#undef __my_cpu_offset
#define __my_cpu_offset per_cpu_offset(anyctx_cpu())

#undef raw_cpu_add_return
#define raw_cpu_add_return(variable, value)                                \
  ({                                                                       \
    anyctx_before_update();                                                \
    __atomic_add_fetch(raw_cpu_ptr(&(variable)), value, __ATOMIC_RELAXED); \
  })
#undef raw_cpu_add
#define raw_cpu_add(variable, value) ((void)raw_cpu_add_return(variable, value))
#undef this_cpu_add_return
#define this_cpu_add_return(variable, value) raw_cpu_add_return(variable, value)
#undef this_cpu_add
#define this_cpu_add(variable, value) raw_cpu_add(variable, value)
#undef this_cpu_write
#define this_cpu_write(variable, value) (*raw_cpu_ptr(&(variable)) = (value))
