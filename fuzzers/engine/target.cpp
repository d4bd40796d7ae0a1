#include "fuzzers/engine/target.h"

#include "lib/machine/check.h"

namespace anyctx::engine {
namespace {

const std::uint32_t* find_param(const program::Schema& schema, const program::Program& program,
                                std::string_view name) {
  for (std::size_t i = 0; i < schema.params.size(); ++i) {
    if (schema.params[i].name == name) return &program.params[i];
  }
  return nullptr;
}

}  // namespace

std::uint32_t param(const program::Schema& schema, const program::Program& program,
                    std::string_view name) {
  const std::uint32_t* value = find_param(schema, program, name);
  ANYCTX_CHECK(value != nullptr);
  return *value;
}

inject::MachineConfig machine_config(const program::Schema& schema,
                                     const program::Program& program) {
  inject::MachineConfig config;
  if (const auto* cpus = find_param(schema, program, "cpus")) config.cpus = *cpus;
  if (const auto* rt = find_param(schema, program, "rt")) config.rt = *rt != 0;
  if (const auto* smp = find_param(schema, program, "smp")) config.smp = *smp != 0;
  if (const auto* cas2 = find_param(schema, program, "cas2")) config.cas2 = *cas2 != 0;
  config.sites = schema.sites;
  return config;
}

}  // namespace anyctx::engine
