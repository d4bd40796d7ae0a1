// What sweeps of the queued spinlock target run inside of operations, and the operations of its
// small scope.
#pragma once

#include "fuzzers/engine/nested_ops.h"

namespace anyctx::target {

inline constexpr engine::NestedOps kRqSpinLockNested[] = {
    {"same_lock", "lock(lock{lock:0})"},
    {"other_lock", "lock(lock2)"},
    {"other_first", "lock2(lock2, lock{lock:0})"},
    {"second_lock", "lock(lock{second})"},
};

inline constexpr std::string_view kRqSpinLockScope[] = {
    "lock(lock0)",
    "lock2(lock0, lock1)",
    "lock2(lock1, lock0)",
    "wait(1)",
};

inline constexpr engine::SweepTables kRqSpinLockSweep = {kRqSpinLockNested, "cpus=2",
                                                         kRqSpinLockScope};

}  // namespace anyctx::target
