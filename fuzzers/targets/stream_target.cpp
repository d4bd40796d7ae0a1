#include "fuzzers/targets/stream_target.h"

#include "fuzzers/targets/stream_schema.h"
#include "fuzzers/targets/stream_sweep.h"
#include "fuzzers/targets/stream_world.h"

namespace anyctx::target {

engine::Target stream_target() {
  return {.schema = &kStreamSchema,
          .what = "streams of text: batches from every context, readers, room, teardown",
          .memory_bytes = std::size_t{kMostStreamPages} << 12,
          .make_world = [](inject::Simulation& simulation) -> std::unique_ptr<engine::World> {
            return std::make_unique<StreamWorld>(simulation, make_own_stream_subject(simulation));
          },
          .sweep = &kStreamSweep};
}

}  // namespace anyctx::target
