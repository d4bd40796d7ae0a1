// The slab target on kernel sources.
#include "fuzzers/targets/slab_target.h"

#include "fuzzers/kernel/kernel_target.h"
#include "fuzzers/kernel/kernel_world.h"
#include "fuzzers/kernel/slab_subject.h"
#include "fuzzers/targets/slab_schema.h"
#include "fuzzers/targets/slab_world.h"

namespace anyctx::target {
namespace {

// Own steps for each of ours: every access is one.
constexpr std::uint32_t kStepScale = 20;

// How the sources are compiled, and what the kernel does not have, or does not find out.
constexpr KernelLacks::Fixed kFixed[] = {
    {"smp", 1},         {"nodes", 1},  {"encoded", 0}, {"min_align", 0},    {"memcg", 0},
    {"memcg_slots", 1}, {"design", 1}, {"barn", 10},   {"boot_sheaves", 1}, {"without_cas2", 1},
};
constexpr std::string_view kAbsent[] = {
    "double_free",   "wrong_free",  "kmem_cache_alloc_nolock", "kmem_cache_free_nolock",
    "replace_payer", "drain_stock",
};

// They take the lock of a CPU's sheaves, which an interrupt does not wait for.
constexpr std::string_view kForTasks[] = {
    "kmem_cache_prefill_sheaf",
    "kmem_cache_refill_sheaf",
    "kmem_cache_return_sheaf",
};

const KernelSchema& slab_schema() {
  static const KernelSchema schema(kSlabSchema,
                                   {.params = kFixed, .ops = kAbsent, .handler_ops = kForTasks});
  return schema;
}

std::unique_ptr<engine::World> make_world(inject::Simulation& simulation) {
  auto world = std::make_unique<KernelWorld>(slab_schema());
  world->wrap(std::make_unique<SlabWorld>(simulation,
                                          make_kernel_slab_subject(simulation, world->contract())));
  return world;
}

}  // namespace

engine::Target kernel_slab_target() {
  engine::Target target = slab_target();
  target.schema = &slab_schema().schema();
  target.make_world = make_world;
  target.step_scale = kStepScale;
  return target;
}

}  // namespace anyctx::target
