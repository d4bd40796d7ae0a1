// The arena target on kernel sources.
#include "fuzzers/targets/arena_target.h"

#include "fuzzers/kernel/arena_subject.h"
#include "fuzzers/kernel/kernel_target.h"
#include "fuzzers/kernel/kernel_world.h"
#include "fuzzers/targets/arena_schema.h"
#include "fuzzers/targets/arena_world.h"

namespace anyctx::target {
namespace {

// Own steps for each of ours: most are accesses of the kernel's trees.
constexpr std::uint32_t kStepScale = 20;

const KernelSchema& arena_schema() {
  static const KernelSchema schema(kArenaSchema);
  return schema;
}

std::unique_ptr<engine::World> make_world(inject::Simulation& simulation) {
  auto world = std::make_unique<KernelWorld>(arena_schema());
  world->wrap(std::make_unique<ArenaWorld>(
      simulation, make_kernel_arena_subject(simulation, world->contract())));
  return world;
}

}  // namespace

engine::Target kernel_arena_target() {
  engine::Target target = arena_target();
  target.schema = &arena_schema().schema();
  target.make_world = make_world;
  target.step_scale = kStepScale;
  return target;
}

}  // namespace anyctx::target
