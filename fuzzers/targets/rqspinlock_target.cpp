#include "fuzzers/targets/rqspinlock_target.h"

#include "fuzzers/targets/rqspinlock_schema.h"
#include "fuzzers/targets/rqspinlock_sweep.h"
#include "fuzzers/targets/rqspinlock_world.h"

namespace anyctx::target {

engine::Target rqspinlock_target() {
  return {.schema = &kRqSpinLockSchema,
          .what = "resilient queued spinlocks: deadlocks, timeouts, queues that collapse",
          .memory_bytes = 64 << 10,
          .make_world = [](inject::Simulation& simulation) -> std::unique_ptr<engine::World> {
            return std::make_unique<RqSpinLockWorld>(simulation, make_own_rqspinlock_subject());
          },
          .sweep = &kRqSpinLockSweep};
}

}  // namespace anyctx::target
