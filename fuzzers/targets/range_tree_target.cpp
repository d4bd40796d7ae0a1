#include "fuzzers/targets/range_tree_target.h"

#include "fuzzers/targets/range_tree_schema.h"
#include "fuzzers/targets/range_tree_sweep.h"
#include "fuzzers/targets/range_tree_world.h"

namespace anyctx::target {

engine::Target range_tree_target() {
  return {.schema = &kRangeTreeSchema,
          .what = "range_tree: sets of numbers with best fit, on nodes that may not be had",
          .memory_bytes = std::size_t{kMostRangeTreePages} << 12,
          .make_world = [](inject::Simulation& simulation) -> std::unique_ptr<engine::World> {
            return std::make_unique<RangeTreeWorld>(simulation,
                                                    make_own_range_tree_subject(simulation));
          },
          .sweep = &kRangeTreeSweep};
}

}  // namespace anyctx::target
