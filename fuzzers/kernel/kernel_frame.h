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

/// `ours` makes a target whose schema is `Ours`; this is it with `Make`: the target's world on the
/// kernel's subject, judged by a contract that it may keep a reference to. `step_scale`: own steps
/// for each of ours, as every access is one. Programs may ask for its answers on our subject, too.
template <const program::Schema& Ours,
          std::unique_ptr<engine::World> (*Make)(inject::Simulation&, const KernelContract&),
          const KernelLacks& Lacks = kLacksNothing>
engine::Target on_kernel(const engine::Reference& ours, std::uint32_t step_scale) {
  engine::Target target = ours.target();
  target.schema = &kernel_schema_of<Ours, Lacks>().schema();
  target.step_scale = step_scale;
  target.reference = ours;
  target.make_world = [](inject::Simulation& simulation) -> std::unique_ptr<engine::World> {
    auto world = std::make_unique<KernelWorld>(kernel_schema_of<Ours, Lacks>(), simulation);
    world->wrap(Make(simulation, world->contract()));
    return world;
  };
  return target;
}

}  // namespace anyctx::target
