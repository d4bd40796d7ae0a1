#include "fuzzers/targets/page_target.h"

#include "fuzzers/targets/page_sweep.h"
#include "fuzzers/targets/page_world.h"

namespace anyctx::target {

engine::Target page_target() {
  return {.schema = &kPageSchema,
          .what = "page allocator: zones, buddy lists, per-CPU lists, nolock paths",
          .memory_bytes = std::size_t{kMostPages} << 12,
          .make_world = [](inject::Simulation& simulation) -> std::unique_ptr<engine::World> {
            return std::make_unique<PageWorld>(simulation, make_own_page_subject(simulation));
          },
          .sweep = &kPageSweep};
}

}  // namespace anyctx::target
