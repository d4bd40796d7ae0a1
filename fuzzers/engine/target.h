// Target: what makes a subject fuzzable. One constant of this type per target.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "fuzzers/engine/comparison.h"
#include "fuzzers/engine/nested_ops.h"
#include "fuzzers/engine/world.h"
#include "fuzzers/ops/program.h"
#include "fuzzers/ops/schema.h"
#include "inject/sim/simulation.h"

namespace anyctx::engine {

struct Target {
  const program::Schema* schema;
  std::string_view what;     // one clause for --help
  std::size_t memory_bytes;  // physical memory that any program of this target may need
  std::unique_ptr<World> (*make_world)(inject::Simulation&);
  const SweepTables* sweep = nullptr;  // null: sweeps use the programs' own handlers only
  std::uint32_t step_scale = 1;        // see MachineConfig
  Reference reference = {};            // asked by programs whose parameter `against` says so

  std::string_view name() const { return schema->target; }
};

/// The value of a parameter, by its name in the schema. The name must exist.
std::uint32_t param(const program::Schema& schema, const program::Program& program,
                    std::string_view name);

/// The machine that a program asks for: its parameters cpus, rt, smp, cas2 and reentry, as far as
/// the schema has them; the defaults of MachineConfig for those it has not.
inject::MachineConfig machine_config(const program::Schema& schema,
                                     const program::Program& program);

}  // namespace anyctx::engine
