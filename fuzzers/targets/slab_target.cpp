#include "fuzzers/targets/slab_target.h"

#include "fuzzers/targets/slab_schema.h"
#include "fuzzers/targets/slab_sweep.h"
#include "fuzzers/targets/slab_world.h"

namespace anyctx::target {

engine::Target slab_target() {
  return {.schema = &kSlabSchema,
          .what = "kmalloc_nolock, kfree_nolock, kmalloc and kmem_cache of the slab allocator",
          .memory_bytes = std::size_t{kMostSlabPages} << kMostPageShift,
          .make_world = [](inject::Simulation& simulation) -> std::unique_ptr<engine::World> {
            return std::make_unique<SlabWorld>(simulation, make_own_slab_subject(simulation));
          },
          .sweep = &kSlabSweep};
}

}  // namespace anyctx::target
