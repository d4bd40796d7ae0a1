// Caller: what the caller of an operation has switched off around it.
#pragma once

#include <cstdint>

#include "fuzzers/targets/slab_schema.h"
#include "inject/sim/sim_machine.h"

namespace anyctx::target {

/// A scope with interrupts or preemption off, by caller_flag.
class Caller {
 public:
  explicit Caller(std::uint32_t flags) : flags_(flags) {
    if ((flags_ & caller_flag::irqs_off) != 0) irqs_ = inject::Sim::irq_save();
    if ((flags_ & caller_flag::preempt_off) != 0) inject::Sim::preempt_disable();
  }
  ~Caller() {
    if ((flags_ & caller_flag::preempt_off) != 0) inject::Sim::preempt_enable();
    if ((flags_ & caller_flag::irqs_off) != 0) inject::Sim::irq_restore(irqs_);
  }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

 private:
  std::uint32_t flags_;
  machine::IrqState irqs_{};
};

}  // namespace anyctx::target
