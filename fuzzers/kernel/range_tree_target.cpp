// The range_tree target on kernel sources.
#include "fuzzers/targets/range_tree_target.h"

#include "fuzzers/kernel/kernel_target.h"
#include "fuzzers/kernel/kernel_world.h"
#include "fuzzers/kernel/range_tree_subject.h"
#include "fuzzers/targets/range_tree_schema.h"
#include "fuzzers/targets/range_tree_world.h"

namespace anyctx::target {
namespace {

// Own steps for each of ours: changes of two trees, access by access.
constexpr std::uint32_t kStepScale = 20;

const KernelSchema& range_tree_schema() {
  static const KernelSchema schema(kRangeTreeSchema);
  return schema;
}

std::unique_ptr<engine::World> make_world(inject::Simulation& simulation) {
  auto world = std::make_unique<KernelWorld>(range_tree_schema());
  world->wrap(std::make_unique<RangeTreeWorld>(
      simulation, make_kernel_range_tree_subject(simulation, world->contract())));
  return world;
}

}  // namespace

engine::Target kernel_range_tree_target() {
  engine::Target target = range_tree_target();
  target.schema = &range_tree_schema().schema();
  target.make_world = make_world;
  target.step_scale = kStepScale;
  return target;
}

}  // namespace anyctx::target
