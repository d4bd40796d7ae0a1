#include "fuzzers/targets/mem_alloc_target.h"

#include "fuzzers/targets/mem_alloc_schema.h"
#include "fuzzers/targets/mem_alloc_sweep.h"
#include "fuzzers/targets/mem_alloc_world.h"

namespace anyctx::target {

engine::Target mem_alloc_target() {
  return {
      .schema = &kMemAllocSchema,
      .what = "bpf_mem_alloc: caches of CPUs, refills, two grace periods, destruction meanwhile",
      .memory_bytes = std::size_t{kMostMemAllocPages} << 12,
      .make_world = [](inject::Simulation& simulation) -> std::unique_ptr<engine::World> {
        return std::make_unique<MemAllocWorld>(simulation, make_own_mem_alloc_subject(simulation));
      },
      .sweep = &kMemAllocSweep};
}

}  // namespace anyctx::target
