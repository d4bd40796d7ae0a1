#include <vector>

#include "fuzzers/kernel/kernel_target.h"

namespace anyctx::target {

std::span<const engine::Target> kernel_targets() {
  static const std::vector<engine::Target> targets = {
      kernel_range_tree_target(), kernel_arena_target(),     kernel_objpool_target(),
      kernel_rqspinlock_target(), kernel_mem_alloc_target(), kernel_slab_target()};
  return targets;
}

}  // namespace anyctx::target
