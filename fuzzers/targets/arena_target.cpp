#include "fuzzers/targets/arena_target.h"

#include "fuzzers/targets/arena_sweep.h"
#include "fuzzers/targets/arena_world.h"

namespace anyctx::target {

engine::Target arena_target() {
  return {.schema = &kArenaSchema,
          .what = "BPF arena: range tree, deferred frees, page tables, TLBs, user mappings",
          .memory_bytes = std::size_t{kMostArenaPages} << 12,
          .make_world = [](inject::Simulation& simulation) -> std::unique_ptr<engine::World> {
            return std::make_unique<ArenaWorld>(simulation, make_own_arena_subject(simulation));
          },
          .sweep = &kArenaSweep};
}

}  // namespace anyctx::target
