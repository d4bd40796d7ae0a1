// PerCpu<M, T>: one T per possible CPU, each on cache lines of its own.
#pragma once

#include "lib/machine/check.h"
#include "lib/machine/machine.h"

namespace anyctx::machine {

/// Per-CPU storage. `here()` is the instance of the CPU the caller runs on at that instant: unless
/// migration is impossible, the result may belong to another CPU by the time it is used.
template <class M, class T>
class PerCpu {
 public:
  T& here() { return slots_[M::cpu()].value; }
  T& of(unsigned cpu) {
    ANYCTX_CHECK_OP(cpu, <, M::kMaxCpus);
    return slots_[cpu].value;
  }
  const T& of(unsigned cpu) const {
    ANYCTX_CHECK_OP(cpu, <, M::kMaxCpus);
    return slots_[cpu].value;
  }

 private:
  struct alignas(64) Slot {
    T value{};
  };
  Slot slots_[M::kMaxCpus];
};

}  // namespace anyctx::machine
