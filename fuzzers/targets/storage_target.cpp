#include "fuzzers/targets/storage_target.h"

#include "fuzzers/targets/storage_schema.h"
#include "fuzzers/targets/storage_sweep.h"
#include "fuzzers/targets/storage_world.h"

namespace anyctx::target {

engine::Target storage_target() {
  return {.schema = &kStorageSchema,
          .what = "local storage: values of owners in maps, charges, forks, ends that race",
          .memory_bytes = std::size_t{kMostStoragePages} << 12,
          .make_world = [](inject::Simulation& simulation) -> std::unique_ptr<engine::World> {
            return std::make_unique<StorageWorld>(simulation, make_own_storage_subject(simulation));
          },
          .sweep = &kStorageSweep};
}

}  // namespace anyctx::target
