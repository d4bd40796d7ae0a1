#include "fuzzers/targets/registry.h"

#include <algorithm>
#include <vector>

#include "fuzzers/targets/arena_target.h"
#include "fuzzers/targets/hashtab_target.h"
#include "fuzzers/targets/mem_alloc_target.h"
#include "fuzzers/targets/objpool_target.h"
#include "fuzzers/targets/page_target.h"
#include "fuzzers/targets/range_tree_target.h"
#include "fuzzers/targets/reclaim_target.h"
#include "fuzzers/targets/rqspinlock_target.h"
#include "fuzzers/targets/slab_target.h"
#include "fuzzers/targets/storage_target.h"
#include "fuzzers/targets/stream_target.h"

namespace anyctx::target {

std::span<const engine::Target> all_targets() {
  static const std::vector<engine::Target> targets = {
      page_target(),    slab_target(),    range_tree_target(), rqspinlock_target(),
      arena_target(),   reclaim_target(), mem_alloc_target(),  hashtab_target(),
      objpool_target(), storage_target(), stream_target(),
  };
  return targets;
}

const engine::Target* find_target(std::string_view name) {
  const std::span<const engine::Target> targets = all_targets();
  const auto found = std::ranges::find(targets, name, &engine::Target::name);
  return found == targets.end() ? nullptr : &*found;
}

}  // namespace anyctx::target
