// The range_tree target on kernel sources.
#include "fuzzers/targets/range_tree_target.h"

#include "fuzzers/kernel/comparisons.h"
#include "fuzzers/kernel/kernel_frame.h"
#include "fuzzers/kernel/kernel_target.h"
#include "fuzzers/kernel/range_tree_subject.h"
#include "fuzzers/targets/range_tree_schema.h"
#include "fuzzers/targets/range_tree_world.h"

namespace anyctx::target {
namespace {

// Own steps for each of ours: changes of two trees, access by access.
constexpr std::uint32_t kStepScale = 20;

std::unique_ptr<engine::World> make_world(inject::Simulation& simulation,
                                          const KernelContract& contract) {
  return std::make_unique<RangeTreeWorld>(simulation,
                                          make_kernel_range_tree_subject(simulation, contract));
}

}  // namespace

engine::Target kernel_range_tree_target() {
  return on_kernel<kRangeTreeSchema, make_world>({range_tree_target, &comparison::kRangeTree},
                                                 kStepScale);
}

}  // namespace anyctx::target
