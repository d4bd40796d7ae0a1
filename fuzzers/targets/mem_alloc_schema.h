// The mem_alloc target's schema: its operations, parameters and sites.
#pragma once

#include "fuzzers/ops/schema.h"

namespace anyctx::target {

/// Codes of the operations: the order of the table, which never changes.
enum class MemAllocOp : std::uint8_t {
  alloc,
  free,
  free_rcu,
  publish,
  unpublish,
  read,
  churn,
  create,
  destroy,
  synchronize,
  barrier,
  stand,
};

inline constexpr unsigned kMemAllocCells = 4;
inline constexpr unsigned kMostMemAllocPages = 512;
inline constexpr std::uint32_t kMaxMemAllocSize = 4088;

extern const program::Schema kMemAllocSchema;

}  // namespace anyctx::target
