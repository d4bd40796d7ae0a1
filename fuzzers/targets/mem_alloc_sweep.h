// What sweeps of the mem_alloc target run inside of operations, and the operations of its small
// scope.
#pragma once

#include "fuzzers/engine/nested_ops.h"

namespace anyctx::target {

inline constexpr engine::NestedOps kMemAllocNested[] = {
    {"alloc", "{1} = alloc({size:56})"},
    {"aba", "{1} = alloc({size:56})\n {2} = alloc({size:56})\n free({1})"},
    {"free", "free({result})"},
    {"free_rcu", "{1} = alloc({size:56})\n free_rcu({1})"},
    {"publish", "publish(cell{cell:0}, {size:56}, how0)"},
    {"unpublish", "unpublish(cell{cell:0}, how{how:0})"},
    {"read", "read(cell{cell:0}, reader0)"},
    {"churn", "churn({size:56}, 4, how0)"},
};

inline constexpr std::string_view kMemAllocScope[] = {
    "{1} = alloc(56)",          "free({result})",         "free_rcu({result})",
    "publish(cell0, 56, how0)", "unpublish(cell0, how0)",
};

inline constexpr engine::SweepTables kMemAllocSweep = {kMemAllocNested, "pages=128 cpus=2",
                                                       kMemAllocScope};

}  // namespace anyctx::target
