// A target of ours on kernel sources: the same programs and oracles, on another subject.
#pragma once

#include <memory>

#include "fuzzers/engine/target.h"
#include "fuzzers/kernel/kernel_world.h"

namespace anyctx::target {

inline constexpr KernelLacks kLacksNothing;

template <const program::Schema& Ours, const KernelLacks& Lacks>
const KernelSchema& kernel_schema_of() {
  static const KernelSchema schema(Ours, Lacks);
  return schema;
}

/// `ours`, whose schema is `Ours`, with `Make`: the target's world on the kernel's subject, judged
/// by a contract that it may keep a reference to. `step_scale`: own steps for each of ours, as
/// every access is one.
template <const program::Schema& Ours,
          std::unique_ptr<engine::World> (*Make)(inject::Simulation&, const KernelContract&),
          const KernelLacks& Lacks = kLacksNothing>
engine::Target on_kernel(engine::Target ours, std::uint32_t step_scale) {
  ours.schema = &kernel_schema_of<Ours, Lacks>().schema();
  ours.step_scale = step_scale;
  ours.make_world = [](inject::Simulation& simulation) -> std::unique_ptr<engine::World> {
    auto world = std::make_unique<KernelWorld>(kernel_schema_of<Ours, Lacks>(), simulation);
    world->wrap(Make(simulation, world->contract()));
    return world;
  };
  return ours;
}

}  // namespace anyctx::target
