// What sweeps of the arena target run inside of operations, and the operations of its small scope.
#pragma once

#include "fuzzers/engine/nested_ops.h"

namespace anyctx::target {

inline constexpr engine::NestedOps kArenaNested[] = {
    {"one_page", "{1} = alloc_pages_non_sleepable(1)"},
    {"over_a_batch", "{1} = alloc_pages_non_sleepable(5)"},
    {"allocate_and_free", "{1} = alloc_pages_non_sleepable(2)\n free_pages_non_sleepable({1})"},
    {"free", "free_pages_non_sleepable({result})"},
    {"free_range", "free_range_non_sleepable(page{page:0}, 2)"},
    {"reserve", "reserve_pages(page{page:0}, 2)"},
    {"access", "program_access(page{page:0}, write)\n kernel_access(page{page:0})"},
};

inline constexpr std::string_view kArenaScope[] = {
    "{1} = alloc_pages(2)",   "{1} = alloc_pages_non_sleepable(1)",
    "free_pages({result})",   "free_pages_non_sleepable({result})",
    "touch(process0, page0)", "program_access(page0, write)",
};

inline constexpr engine::SweepTables kArenaSweep = {kArenaNested, "pages=64 entries=2",
                                                    kArenaScope};

}  // namespace anyctx::target
