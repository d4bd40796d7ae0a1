// The mem_alloc target on kernel sources.
#include "fuzzers/targets/mem_alloc_target.h"

#include "fuzzers/kernel/comparisons.h"
#include "fuzzers/kernel/kernel_frame.h"
#include "fuzzers/kernel/kernel_target.h"
#include "fuzzers/kernel/mem_alloc_subject.h"
#include "fuzzers/targets/mem_alloc_schema.h"
#include "fuzzers/targets/mem_alloc_world.h"

namespace anyctx::target {
namespace {

// Own steps for each of ours: every access is one.
constexpr std::uint32_t kStepScale = 4;

constexpr std::string_view kSites[] = {"object", "struct", "remains", "trace_lock"};
constexpr KernelLacks::Layer kLayers[] = {{"mem_alloc", kSites}};
constexpr KernelLacks kLacks = {.layers = kLayers};

std::unique_ptr<engine::World> make_world(inject::Simulation& simulation, const KernelContract&) {
  return std::make_unique<MemAllocWorld>(simulation, make_kernel_mem_alloc_subject(simulation));
}

}  // namespace

engine::Target kernel_mem_alloc_target() {
  return on_kernel<kMemAllocSchema, make_world, kLacks>({mem_alloc_target, &comparison::kMemAlloc},
                                                        kStepScale);
}

}  // namespace anyctx::target
