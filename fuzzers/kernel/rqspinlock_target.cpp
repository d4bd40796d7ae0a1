// The rqspinlock target on kernel sources.
#include "fuzzers/targets/rqspinlock_target.h"

#include "fuzzers/kernel/kernel_target.h"
#include "fuzzers/kernel/kernel_world.h"
#include "fuzzers/kernel/rqspinlock_subject.h"
#include "fuzzers/targets/rqspinlock_schema.h"
#include "fuzzers/targets/rqspinlock_world.h"

namespace anyctx::target {
namespace {

// Own steps for each of ours: every access is one.
constexpr std::uint32_t kStepScale = 4;

const KernelSchema& rqspinlock_schema() {
  static const KernelSchema schema(kRqSpinLockSchema);
  return schema;
}

std::unique_ptr<engine::World> make_world(inject::Simulation& simulation) {
  auto world = std::make_unique<KernelWorld>(rqspinlock_schema());
  world->wrap(std::make_unique<RqSpinLockWorld>(simulation,
                                                make_kernel_rqspinlock_subject(world->contract())));
  return world;
}

}  // namespace

engine::Target kernel_rqspinlock_target() {
  engine::Target target = rqspinlock_target();
  target.schema = &rqspinlock_schema().schema();
  target.make_world = make_world;
  target.step_scale = kStepScale;
  return target;
}

}  // namespace anyctx::target
