// The mem_alloc target on kernel sources.
#include "fuzzers/targets/mem_alloc_target.h"

#include "fuzzers/kernel/kernel_target.h"
#include "fuzzers/kernel/kernel_world.h"
#include "fuzzers/kernel/mem_alloc_subject.h"
#include "fuzzers/targets/mem_alloc_schema.h"
#include "fuzzers/targets/mem_alloc_world.h"

namespace anyctx::target {
namespace {

// Own steps for each of ours: every access is one.
constexpr std::uint32_t kStepScale = 4;

const KernelSchema& mem_alloc_schema() {
  static const KernelSchema schema(kMemAllocSchema);
  return schema;
}

std::unique_ptr<engine::World> make_world(inject::Simulation& simulation) {
  auto world = std::make_unique<KernelWorld>(mem_alloc_schema());
  world->wrap(
      std::make_unique<MemAllocWorld>(simulation, make_kernel_mem_alloc_subject(simulation)));
  return world;
}

}  // namespace

engine::Target kernel_mem_alloc_target() {
  engine::Target target = mem_alloc_target();
  target.schema = &mem_alloc_schema().schema();
  target.make_world = make_world;
  target.step_scale = kStepScale;
  return target;
}

}  // namespace anyctx::target
