// What sweeps of the stream target run inside of operations, and the operations of its small scope.
#pragma once

#include "fuzzers/engine/nested_ops.h"

namespace anyctx::target {

inline constexpr engine::NestedOps kStreamNested[] = {
    {"print", "print({length:40})"},
    {"commit", "commit(2, {length:8})"},
    {"discard", "discard(2, {length:8})"},
    {"churn", "churn(2)"},
};

inline constexpr std::string_view kStreamScope[] = {
    "print(40)", "commit(2, 8)", "discard(1, 8)", "read(16)", "read_all()",
};

inline constexpr engine::SweepTables kStreamSweep = {kStreamNested, "pages=64 cpus=2",
                                                     kStreamScope};

}  // namespace anyctx::target
