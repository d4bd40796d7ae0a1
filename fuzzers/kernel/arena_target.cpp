// The arena target on kernel sources.
#include "fuzzers/targets/arena_target.h"

#include "fuzzers/kernel/arena_subject.h"
#include "fuzzers/kernel/comparisons.h"
#include "fuzzers/kernel/kernel_frame.h"
#include "fuzzers/kernel/kernel_target.h"
#include "fuzzers/targets/arena_schema.h"
#include "fuzzers/targets/arena_world.h"

namespace anyctx::target {
namespace {

// Own steps for each of ours: most are accesses of the kernel's trees.
constexpr std::uint32_t kStepScale = 20;

constexpr std::string_view kSites[] = {"struct", "scratch", "array",     "page", "span",
                                       "record", "faulted", "zap_mutex", "mutex"};
constexpr KernelLacks::Layer kLayers[] = {{"arena", kSites}};
constexpr KernelLacks kLacks = {.layers = kLayers, .takes_locks = true};

std::unique_ptr<engine::World> make_world(inject::Simulation& simulation,
                                          const KernelContract& contract) {
  return std::make_unique<ArenaWorld>(simulation, make_kernel_arena_subject(simulation, contract));
}

}  // namespace

engine::Target kernel_arena_target() {
  return on_kernel<kArenaSchema, make_world, kLacks>({arena_target, &comparison::kArena},
                                                     kStepScale);
}

}  // namespace anyctx::target
