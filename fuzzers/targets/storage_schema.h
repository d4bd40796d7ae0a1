// The storage target's schema: its operations, parameters and sites.
#pragma once

#include "fuzzers/ops/schema.h"

namespace anyctx::target {

/// Codes of the operations: the order of the table, which never changes.
enum class StorageOp : std::uint8_t {
  update,
  remove,
  lookup,
  end_owner,
  destroy_map,
  fork,
  churn,
  synchronize,
};

inline constexpr unsigned kStorageOwners = 4;
inline constexpr unsigned kStorageMaps = 3;
inline constexpr unsigned kMostStoragePages = 256;

extern const program::Schema kStorageSchema;

}  // namespace anyctx::target
