// What sweeps of the reclaim target run inside of operations, and the operations of its small
// scope.
#pragma once

#include "fuzzers/engine/nested_ops.h"

namespace anyctx::target {

inline constexpr engine::NestedOps kReclaimNested[] = {
    {"publish", "publish(slot{slot:0}, how{how:0})"},
    {"unpublish", "unpublish(slot{slot:0}, how0)"},
    {"replace", "unpublish(slot{slot:0}, how1)\n publish(slot{slot:0}, how0)"},
    {"read", "read(slot{slot:0}, reader{reader:0})"},
    {"borrow", "borrow(slot{slot:0}, reader1)"},
    {"list", "push()\n take_list(how{how:0})"},
    {"walk", "walk(reader{reader:2})"},
    {"churn", "churn(3)"},
};

inline constexpr std::string_view kReclaimScope[] = {
    "publish(slot0, how0)", "unpublish(slot0, how0)", "unpublish(slot0, how1)",
    "read(slot0, reader0)", "synchronize(kind0)",
};

inline constexpr engine::SweepTables kReclaimSweep = {kReclaimNested, "pages=64", kReclaimScope};

}  // namespace anyctx::target
