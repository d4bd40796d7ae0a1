// Migrate types: which kinds of pages share a pageblock. Source: Linux 7.3 mmzone.h.
#pragma once

#include <array>
#include <cstdint>

#include "lib/page/gfp.h"

namespace anyctx::page {

/// A pageblock has one type; a free block is on the list of its pageblock's type. The first three
/// have per-CPU lists and may be merged and taken over by each other.
enum class MigrateType : std::uint8_t { unmovable, movable, reclaimable, highatomic, isolate };
inline constexpr unsigned kMigrateTypes = 5;
inline constexpr unsigned kPcpTypes = 3;

constexpr unsigned index(MigrateType type) {
  return static_cast<unsigned>(type);
}
constexpr bool is_mergeable(MigrateType type) {
  return index(type) < kPcpTypes;
}

constexpr MigrateType migrate_type(Gfp gfp) {
  if (has(gfp, gfp::movable)) return MigrateType::movable;
  if (has(gfp, gfp::reclaimable)) return MigrateType::reclaimable;
  return MigrateType::unmovable;
}

/// The types to take from when the own lists are empty, best first.
constexpr std::array<MigrateType, 2> fallbacks(MigrateType type) {
  switch (type) {
    case MigrateType::unmovable:
      return {MigrateType::reclaimable, MigrateType::movable};
    case MigrateType::movable:
      return {MigrateType::reclaimable, MigrateType::unmovable};
    default:
      return {MigrateType::unmovable, MigrateType::movable};
  }
}

}  // namespace anyctx::page
