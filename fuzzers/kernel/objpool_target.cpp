// The objpool target on kernel sources.
#include "fuzzers/targets/objpool_target.h"

#include "fuzzers/kernel/kernel_target.h"
#include "fuzzers/kernel/kernel_world.h"
#include "fuzzers/kernel/objpool_subject.h"
#include "fuzzers/targets/objpool_schema.h"
#include "fuzzers/targets/objpool_world.h"

namespace anyctx::target {
namespace {

// Own steps for each of ours: every access is one.
constexpr std::uint32_t kStepScale = 8;

const KernelSchema& objpool_schema() {
  static const KernelSchema schema(kObjPoolSchema);
  return schema;
}

std::unique_ptr<engine::World> make_world(inject::Simulation& simulation) {
  auto world = std::make_unique<KernelWorld>(objpool_schema());
  world->wrap(
      std::make_unique<ObjPoolWorld>(simulation, make_kernel_objpool_subject(world->contract())));
  return world;
}

}  // namespace

engine::Target kernel_objpool_target() {
  engine::Target target = objpool_target();
  target.schema = &objpool_schema().schema();
  target.make_world = make_world;
  target.step_scale = kStepScale;
  return target;
}

}  // namespace anyctx::target
