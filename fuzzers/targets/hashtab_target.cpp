#include "fuzzers/targets/hashtab_target.h"

#include "fuzzers/targets/hashtab_schema.h"
#include "fuzzers/targets/hashtab_sweep.h"
#include "fuzzers/targets/hashtab_world.h"

namespace anyctx::target {

engine::Target hashtab_target() {
  return {.schema = &kHashTabSchema,
          .what = "hash tables updated and searched in every context, freelists, element memory",
          .memory_bytes = std::size_t{kMostHashTabPages} << 12,
          .make_world = [](inject::Simulation& simulation) -> std::unique_ptr<engine::World> {
            return std::make_unique<HashTabWorld>(simulation, make_own_hashtab_subject(simulation));
          },
          .sweep = &kHashTabSweep};
}

}  // namespace anyctx::target
