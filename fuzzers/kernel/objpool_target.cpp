// The objpool target on kernel sources.
#include "fuzzers/targets/objpool_target.h"

#include "fuzzers/kernel/comparisons.h"
#include "fuzzers/kernel/kernel_frame.h"
#include "fuzzers/kernel/kernel_target.h"
#include "fuzzers/kernel/objpool_subject.h"
#include "fuzzers/targets/objpool_schema.h"
#include "fuzzers/targets/objpool_world.h"

namespace anyctx::target {
namespace {

// Own steps for each of ours: every access is one.
constexpr std::uint32_t kStepScale = 8;

constexpr std::string_view kSites[] = {"memory"};
constexpr KernelLacks::Layer kLayers[] = {{"objpool", kSites}};
constexpr KernelLacks kLacks = {.layers = kLayers};

std::unique_ptr<engine::World> make_world(inject::Simulation& simulation,
                                          const KernelContract& contract) {
  return std::make_unique<ObjPoolWorld>(simulation, make_kernel_objpool_subject(contract));
}

}  // namespace

engine::Target kernel_objpool_target() {
  return on_kernel<kObjPoolSchema, make_world, kLacks>({objpool_target, &comparison::kObjPool},
                                                       kStepScale);
}

}  // namespace anyctx::target
