// What sweeps of the page target run inside of operations, and the operations of its small scope.
#pragma once

#include "fuzzers/engine/nested_ops.h"

namespace anyctx::target {

inline constexpr engine::NestedOps kPageNested[] = {
    {"same_order", "{1} = alloc_pages_nolock({order:0})"},
    {"higher_order", "{1} = alloc_pages_nolock(3)"},
    {"allocate_and_free", "{1} = alloc_pages_nolock({order:0})\n free_pages_nolock({1})"},
    {"aba",
     "{1} = alloc_pages_nolock({order:0})\n {2} = alloc_pages_nolock({order:0})\n"
     " free_pages_nolock({1})"},
    {"free", "free_pages_nolock({result})"},
    {"free_and_allocate", "free_pages_nolock({result})\n {1} = alloc_pages_nolock({order:0})"},
    {"accounted", "{1} = alloc_pages_nolock(0, account)"},
    {"reference", "{1} = get_page({result})"},
};

inline constexpr std::string_view kPageScope[] = {
    "{1} = alloc_pages_nolock(0)", "{1} = alloc_pages(0)", "free_pages_nolock({result})",
    "free_pages({result})",        "drain_parked()",
};

inline constexpr engine::SweepTables kPageSweep = {kPageNested, "pages=64", kPageScope};

}  // namespace anyctx::target
