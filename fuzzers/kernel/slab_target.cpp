// The slab target on kernel sources.
#include "fuzzers/targets/slab_target.h"

#include "fuzzers/kernel/comparisons.h"
#include "fuzzers/kernel/kernel_frame.h"
#include "fuzzers/kernel/kernel_target.h"
#include "fuzzers/kernel/slab_subject.h"
#include "fuzzers/targets/slab_schema.h"
#include "fuzzers/targets/slab_world.h"

namespace anyctx::target {
namespace {

// Own steps for each of ours: every access is one.
constexpr std::uint32_t kStepScale = 20;

// How the sources are compiled, and what the kernel does not have, or does not find out.
constexpr KernelLacks::Fixed kFixed[] = {
    {"smp", 1},         {"nodes", 1},  {"encoded", 1}, {"min_align", 0},    {"memcg", 0},
    {"memcg_slots", 1}, {"design", 1}, {"barn", 10},   {"boot_sheaves", 1}, {"without_cas2", 1},
};
constexpr std::string_view kAbsent[] = {
    "double_free", "kmem_cache_alloc_nolock", "kmem_cache_free_nolock", "replace_payer",
    "drain_stock",
};

// They take the lock of a CPU's sheaves, which an interrupt does not wait for.
constexpr std::string_view kForTasks[] = {
    "kmem_cache_prefill_sheaf",
    "kmem_cache_refill_sheaf",
    "kmem_cache_return_sheaf",
};

constexpr std::string_view kSites[] = {"sheaf_lock",   "barn_lock",   "list_lock", "slab_lock",
                                       "caches_mutex", "flush_mutex", "size",      "context",
                                       "no_cas2",      "may_sleep"};
constexpr KernelLacks::Layer kLayers[] = {{"slab", kSites}, {"grace"}, {"memcg"}};

constexpr KernelLacks kLacks = {
    .params = kFixed, .ops = kAbsent, .handler_ops = kForTasks, .layers = kLayers};

std::unique_ptr<engine::World> make_world(inject::Simulation& simulation,
                                          const KernelContract& contract) {
  return std::make_unique<SlabWorld>(simulation, make_kernel_slab_subject(simulation, contract));
}

}  // namespace

engine::Target kernel_slab_target() {
  return on_kernel<kSlabSchema, make_world, kLacks>({slab_target, &comparison::kSlab}, kStepScale);
}

}  // namespace anyctx::target
