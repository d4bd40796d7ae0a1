#include "fuzzers/targets/reclaim_target.h"

#include "fuzzers/targets/reclaim_schema.h"
#include "fuzzers/targets/reclaim_sweep.h"
#include "fuzzers/targets/reclaim_world.h"

namespace anyctx::target {

engine::Target reclaim_target() {
  return {.schema = &kReclaimSchema,
          .what = "frees after grace periods and typesafe caches, under readers in every context",
          .memory_bytes = std::size_t{kMostReclaimPages} << 12,
          .make_world = [](inject::Simulation& simulation) -> std::unique_ptr<engine::World> {
            return std::make_unique<ReclaimWorld>(simulation, make_own_reclaim_subject(simulation));
          },
          .sweep = &kReclaimSweep};
}

}  // namespace anyctx::target
