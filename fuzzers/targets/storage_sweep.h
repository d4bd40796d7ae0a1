// What sweeps of the storage target run inside of operations, and the operations of its small
// scope.
#pragma once

#include "fuzzers/engine/nested_ops.h"

namespace anyctx::target {

inline constexpr engine::NestedOps kStorageNested[] = {
    {"update", "update(owner{owner:0}, map{map:0})"},
    {"other_map", "update(owner{owner:0}, map1)"},
    {"remove", "remove(owner{owner:0}, map{map:0})"},
    {"lookup", "lookup(owner{owner:0}, map{map:0}, reader0)"},
    {"end_owner", "end_owner(owner{owner:0})"},
    {"churn", "churn(2)"},
};

inline constexpr std::string_view kStorageScope[] = {
    "update(owner0, map0)",          "remove(owner0, map0)", "end_owner(owner0)",
    "lookup(owner0, map0, reader0)", "destroy_map(map0)",
};

inline constexpr engine::SweepTables kStorageSweep = {kStorageNested, "pages=64 cpus=2",
                                                      kStorageScope};

}  // namespace anyctx::target
