// The rqspinlock target on kernel sources.
#include "fuzzers/targets/rqspinlock_target.h"

#include "fuzzers/kernel/comparisons.h"
#include "fuzzers/kernel/kernel_frame.h"
#include "fuzzers/kernel/kernel_target.h"
#include "fuzzers/kernel/rqspinlock_subject.h"
#include "fuzzers/targets/rqspinlock_schema.h"
#include "fuzzers/targets/rqspinlock_world.h"

namespace anyctx::target {
namespace {

// Own steps for each of ours: every access is one.
constexpr std::uint32_t kStepScale = 4;

constexpr KernelLacks::Layer kLayers[] = {{"rqspinlock"}};
constexpr KernelLacks kLacks = {.layers = kLayers};

std::unique_ptr<engine::World> make_world(inject::Simulation& simulation,
                                          const KernelContract& contract) {
  return std::make_unique<RqSpinLockWorld>(simulation, make_kernel_rqspinlock_subject(contract));
}

}  // namespace

engine::Target kernel_rqspinlock_target() {
  return on_kernel<kRqSpinLockSchema, make_world, kLacks>(
      {rqspinlock_target, &comparison::kRqSpinLock}, kStepScale);
}

}  // namespace anyctx::target
