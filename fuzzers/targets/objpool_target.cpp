#include "fuzzers/targets/objpool_target.h"

#include "fuzzers/targets/objpool_schema.h"
#include "fuzzers/targets/objpool_sweep.h"
#include "fuzzers/targets/objpool_world.h"

namespace anyctx::target {

engine::Target objpool_target() {
  return {.schema = &kObjPoolSchema,
          .what = "object pools: per-CPU rings, with pushes and pops in every context",
          .memory_bytes = 64 << 10,
          .make_world = [](inject::Simulation& simulation) -> std::unique_ptr<engine::World> {
            return std::make_unique<ObjPoolWorld>(simulation, make_own_objpool_subject());
          },
          .sweep = &kObjPoolSweep};
}

}  // namespace anyctx::target
