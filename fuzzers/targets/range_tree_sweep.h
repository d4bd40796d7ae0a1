// What sweeps of the range tree target run inside of operations, and the operations of its small
// scope.
#pragma once

#include "fuzzers/engine/nested_ops.h"

namespace anyctx::target {

inline constexpr engine::NestedOps kRangeTreeNested[] = {
    {"same_set", "set({start:0}, {length:1})"},   {"same_clear", "clear({start:0}, {length:1})"},
    {"find", "find_and_clear({length:1})"},       {"look", "is_set({start:0}, {length:1})"},
    {"objects", "take_objects(4)\n give_back()"}, {"pages", "take_pages(1)"},
};

inline constexpr std::string_view kRangeTreeScope[] = {
    "set(0, 4)", "set(3, 2)", "clear(1, 1)", "clear(0, 8)", "find_and_clear(2)",
};

inline constexpr engine::SweepTables kRangeTreeSweep = {kRangeTreeNested, "limit=8",
                                                        kRangeTreeScope};

}  // namespace anyctx::target
