// The rqspinlock target's schema: parameters, operations and sites of its programs.
#pragma once

#include "fuzzers/ops/schema.h"

namespace anyctx::target {

/// Operations, by their index in the schema. Each gives back what it takes: a CPU cannot return to
/// a task with a spinlock held.
enum class RqsOp : std::uint8_t {
  lock,
  lock2,
  lock3,
  lock_many,
  unlock_unheld,
  unlock_out_of_order,
  wait,
};

/// Parameters, by their index in the schema.
enum class RqsParam : std::uint8_t { cpus, smp, rt, test_and_set };

/// Bits of the flags of operations that lock.
namespace rqs_flag {
inline constexpr std::uint32_t irqsave = 1u << 0;
inline constexpr std::uint32_t retry = 1u << 1;  // once more after a failure
}  // namespace rqs_flag

inline constexpr unsigned kRqsLocks = 40;  // more than a table of held locks has entries
/// Locks from 0 up to here may be taken in interrupts.
inline constexpr unsigned kRqsIrqLocks = 4;

extern const program::Schema kRqSpinLockSchema;

}  // namespace anyctx::target
