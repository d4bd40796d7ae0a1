// What sweeps of the slab target run inside of operations, and the operations of its small scope.
//
// The nested operations are those that the specification lists for interruption sites; the way to
// free them all is deferred work, which runs when the handler returns.
#pragma once

#include "fuzzers/engine/nested_ops.h"

namespace anyctx::target {

inline constexpr engine::NestedOps kSlabNested[] = {
    {"same_bucket", "{1} = kmalloc_nolock({size:64})"},
    {"next_bucket", "{1} = kmalloc_nolock({size*2:128})"},
    {"allocate_and_free", "{1} = kmalloc_nolock({size:64})\n kfree_nolock({1})"},
    // Takes two and gives the first back: the head of the list is what it was.
    {"aba",
     "{1} = kmalloc_nolock({size:64})\n {2} = kmalloc_nolock({size:64})\n kfree_nolock({1})"},
    {"several",
     "{1} = kmalloc_nolock({size:64})\n {2} = kmalloc_nolock({size:64})\n"
     " {3} = kmalloc_nolock({size:64})\n {4} = kmalloc_nolock({size:64})\n"
     " kfree_nolock({3})\n kfree_nolock({1})"},
    {"free", "kfree_nolock({result})"},
    {"free_and_allocate", "kfree_nolock({result})\n {1} = kmalloc_nolock({size:64})"},
    {"accounted", "{1} = kmalloc_nolock({size:64}, account)"},
    {"same_cache",
     "{1} = kmem_cache_alloc_nolock(cache{cache})\n {2} = kmem_cache_alloc_nolock(cache{cache})\n"
     " kmem_cache_free_nolock({1})"},
    {"pages", "{1} = alloc_pages_nolock({order:0})\n free_pages_nolock({1})"},
};

inline constexpr std::string_view kSlabScope[] = {
    "{1} = kmalloc_nolock(4096)",
    "{1} = kmalloc(4096)",
    "kfree_nolock({result})",
    "kfree({result})",
};

inline constexpr engine::SweepTables kSlabSweep = {kSlabNested, "pages=64", kSlabScope};

}  // namespace anyctx::target
