// Targets whose subject is the user's kernel sources: the same programs, worlds and oracles.
#pragma once

#include <span>

#include "fuzzers/engine/target.h"

namespace anyctx::target {

/// All that are linked in.
std::span<const engine::Target> kernel_targets();

engine::Target kernel_arena_target();
engine::Target kernel_mem_alloc_target();
engine::Target kernel_objpool_target();
engine::Target kernel_range_tree_target();
engine::Target kernel_rqspinlock_target();
engine::Target kernel_slab_target();

}  // namespace anyctx::target
