// What sweeps of the hashtab target run inside of operations, and the operations of its small
// scope.
#pragma once

#include "fuzzers/engine/nested_ops.h"

namespace anyctx::target {

inline constexpr engine::NestedOps kHashTabNested[] = {
    {"update", "update(key{key:0})"},
    {"remove", "remove(key{key:0})"},
    {"replace", "remove(key{key:0})\n update(key{key:0})"},
    {"other_key", "update(key5)"},
    {"lookup", "lookup(key{key:0})"},
    {"drain", "take_objects(64)\n give_back()"},
};

inline constexpr std::string_view kHashTabScope[] = {
    "update(key0)", "update(key1)", "remove(key0)", "lookup(key0)", "take_objects(4)",
};

inline constexpr engine::SweepTables kHashTabSweep = {kHashTabNested, "pages=64 cpus=2",
                                                      kHashTabScope};

}  // namespace anyctx::target
