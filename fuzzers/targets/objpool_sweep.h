// What sweeps of the objpool target run inside of operations, and the operations of its small
// scope.
#pragma once

#include "fuzzers/engine/nested_ops.h"

namespace anyctx::target {

inline constexpr engine::NestedOps kObjPoolNested[] = {
    {"pop", "{1} = pop()"},     {"pop_push", "{1} = pop()\n push({1})"},
    {"push", "push({result})"}, {"reverse", "{1} = pop()\n {2} = pop()\n push({2})\n push({1})"},
    {"churn", "churn(3)"},
};

inline constexpr std::string_view kObjPoolScope[] = {
    "{1} = pop()",
    "push({result})",
    "churn(2)",
};

inline constexpr engine::SweepTables kObjPoolSweep = {kObjPoolNested, "cpus=2 count=3",
                                                      kObjPoolScope};

}  // namespace anyctx::target
