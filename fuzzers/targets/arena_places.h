// Places: addresses and counts that arguments of operations stand for.
#pragma once

#include "fuzzers/model/arena_geometry.h"
#include "fuzzers/targets/arena_schema.h"

namespace anyctx::target {

inline constexpr std::uint64_t kOtherHalf = 0x5a5a'0000'0000'0000;
inline constexpr std::uint64_t kUnalignedBytes = 24;

/// The same address, as the flags would have it given.
constexpr std::uint64_t disguised(std::uint64_t address, std::uint32_t flags) {
  if ((flags & place_flag::null) != 0) return 0;
  if ((flags & place_flag::unaligned) != 0) address += kUnalignedBytes;
  if ((flags & place_flag::low32) != 0) return address & 0xffff'ffff;
  if ((flags & place_flag::garbage) != 0) return address ^ kOtherHalf;
  return address;
}

/// Page `page` from the beginning of the arena, or from what the flags say.
inline std::uint64_t place(const model::ArenaGeometry& arena, std::uint32_t page,
                           std::uint32_t flags) {
  const std::uint64_t bytes = std::uint64_t{page} << arena.page_shift;
  std::uint64_t address = arena.user_start + bytes;
  if ((flags & place_flag::from_end) != 0) address = arena.user_end - bytes;
  if ((flags & place_flag::below) != 0) address = arena.user_start - bytes;
  return disguised(address, flags);
}

/// The flags of an access, as those of a place.
constexpr std::uint32_t place_flags(std::uint32_t flags) {
  std::uint32_t place = 0;
  if ((flags & access_flag::from_end) != 0) place |= place_flag::from_end;
  if ((flags & access_flag::below) != 0) place |= place_flag::below;
  if ((flags & access_flag::unaligned) != 0) place |= place_flag::unaligned;
  return place;
}

inline std::uint32_t count_of(const model::ArenaGeometry& arena, std::uint32_t count,
                              std::uint32_t flags) {
  return (flags & place_flag::whole) != 0 ? count + arena.pages() : count;
}

}  // namespace anyctx::target
