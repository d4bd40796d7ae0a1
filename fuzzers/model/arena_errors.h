// Errors that an arena may answer with. Source: Linux 7.3 kernel/bpf/arena.c (checks in their
// order).
#pragma once

#include <cerrno>
#include <cstdint>

#include "fuzzers/model/arena_geometry.h"

namespace anyctx::model {

/// Flags of a map, with the kernel's values.
namespace map_flag {
inline constexpr std::uint32_t mmapable = 1u << 10;
inline constexpr std::uint32_t segv_on_fault = 1u << 17;
inline constexpr std::uint32_t no_user_conv = 1u << 18;
}  // namespace map_flag

struct ArenaAttributes {
  std::uint64_t max_entries = 1;
  std::uint64_t map_extra = 0;
  std::uint32_t map_flags = map_flag::mmapable;
  std::uint32_t key_size = 0;
  std::uint32_t value_size = 0;
};

/// 0 if the attributes are fine, and creation can only fail for want of memory.
constexpr int create_error(const ArenaAttributes& ask, unsigned page_shift) {
  constexpr std::uint32_t known =
      map_flag::mmapable | map_flag::segv_on_fault | map_flag::no_user_conv;
  if (ask.key_size != 0 || ask.value_size != 0 || ask.max_entries == 0) return -EINVAL;
  if ((ask.map_flags & map_flag::mmapable) == 0 || (ask.map_flags & ~known) != 0) return -EINVAL;
  if ((ask.map_extra & ((std::uint64_t{1} << page_shift) - 1)) != 0) return -EINVAL;
  const std::uint64_t range = ask.max_entries << page_shift;
  if (range > ArenaGeometry::kWindow) return -E2BIG;
  if (ask.map_extra >> 32 != (ask.map_extra + range - 1) >> 32) return -ERANGE;
  return 0;
}

/// One mmap() of an arena.
struct MmapAsk {
  std::uint64_t address = 0;  // 0: anywhere
  std::uint64_t length = 0;
  std::uint64_t offset = 0;  // in pages
  bool shared = true;
};

/// The first error that mmap() has reason for; 0 if it must succeed, unless memory or room is
/// short. `mapped`: this process has a mapping of the arena already.
constexpr int mmap_error(const ArenaGeometry& arena, const MmapAsk& ask, bool mapped) {
  if (ask.offset != 0) return -EINVAL;
  if (ask.length > ArenaGeometry::kWindow) return -E2BIG;
  if (arena.is_placed()) {
    const std::uint64_t range = arena.user_end - arena.user_start;
    if (ask.length > range) return -E2BIG;
    if (ask.length < range || ask.address != arena.user_start) return -EINVAL;
  }
  if (!ask.shared) return -EINVAL;
  return mapped ? -EBUSY : 0;
}

/// Operations of maps that an arena does not have.
enum class MapOp : std::uint8_t { lookup, update, remove, next_key, push, pop, peek };
constexpr int map_op_error(MapOp op) {
  return op == MapOp::lookup ? -EINVAL : -EOPNOTSUPP;
}

}  // namespace anyctx::model
