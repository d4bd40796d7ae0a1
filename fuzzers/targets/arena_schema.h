// The arena target's schema: parameters, operations and sites of its programs.
#pragma once

#include "fuzzers/ops/schema.h"

namespace anyctx::target {

/// Codes of the operations: the order of the table, which never changes.
enum class ArenaOp : std::uint8_t {
  alloc_pages,
  alloc_pages_non_sleepable,
  free_pages,
  free_pages_non_sleepable,
  free_range,
  free_range_non_sleepable,
  reserve_pages,
  program_access,
  kernel_access,
  touch,
  mmap,
  munmap,
  fork,
  exit,
  map_create,
  map_destroy,
  map_op,
  direct_value,
  mem_usage,
};

/// Parameters, by their index in the schema.
enum class ArenaParam : std::uint8_t {
  cpus,
  rt,
  smp,
  cas2,
  pages,      // of memory
  page_size,  // 4k, 64k
  entries,
  extent,   // entries; or so many that several batches are needed; or all of 4 GiB
  base,     // low half of the arena's first address: 0, the last that fits, something
  placed,   // its place is given at creation
  mapping,  // of process 0, from the beginning: as long as the arena, longer, shorter, none
  segv,     // SEGV_ON_FAULT
  batch,    // the most pages of one step; 0: the natural number
  no_objects,
  processes,
};

enum class ArenaExtent : std::uint8_t { entries, large, all };
enum class ArenaBase : std::uint8_t { zero, top, middle };
enum class ArenaMapping : std::uint8_t { exact, longer, shorter, none };

/// Bits of the flags that say where, and from where. Operations know the first ones of them.
namespace place_flag {
inline constexpr std::uint32_t irqs_off = 1u << 0;  // the caller has interrupts off
inline constexpr std::uint32_t preempt_off = 1u << 1;
inline constexpr std::uint32_t garbage = 1u << 2;    // another upper half
inline constexpr std::uint32_t low32 = 1u << 3;      // upper half zero
inline constexpr std::uint32_t whole = 1u << 4;      // the count is beyond that of all pages
inline constexpr std::uint32_t from_end = 1u << 5;   // pages count back from the end
inline constexpr std::uint32_t unaligned = 1u << 6;  // a byte in the page
inline constexpr std::uint32_t below = 1u << 7;      // pages count back from the beginning
inline constexpr std::uint32_t bad_flags = 1u << 8;  // flags that the function does not know
inline constexpr std::uint32_t null = 1u << 9;       // no pointer at all
}  // namespace place_flag

/// Bits of the flags of accesses.
namespace access_flag {
inline constexpr std::uint32_t write = 1u << 0;
inline constexpr std::uint32_t from_end = 1u << 1;
inline constexpr std::uint32_t below = 1u << 2;
inline constexpr std::uint32_t unaligned = 1u << 3;
// Displaced, into the guards of the kernel's mapping: pages count back from its beginning, or on
// from its end.
inline constexpr std::uint32_t low_guard = 1u << 4;
inline constexpr std::uint32_t high_guard = 1u << 5;
}  // namespace access_flag

/// Bits of the flags of mmap().
namespace mmap_flag {
inline constexpr std::uint32_t elsewhere = 1u << 0;  // another address
inline constexpr std::uint32_t anywhere = 1u << 1;   // no address
inline constexpr std::uint32_t offset = 1u << 2;
inline constexpr std::uint32_t privately = 1u << 3;
inline constexpr std::uint32_t longer = 1u << 4;
inline constexpr std::uint32_t shorter = 1u << 5;
inline constexpr std::uint32_t huge = 1u << 6;  // more than 4 GiB
}  // namespace mmap_flag

/// Bits of the flags of map_create().
namespace create_flag {
inline constexpr std::uint32_t key = 1u << 0;
inline constexpr std::uint32_t value = 1u << 1;
inline constexpr std::uint32_t not_mmapable = 1u << 2;
inline constexpr std::uint32_t segv = 1u << 3;
inline constexpr std::uint32_t unknown = 1u << 4;    // an unknown flag
inline constexpr std::uint32_t unaligned = 1u << 5;  // map_extra
inline constexpr std::uint32_t crossing = 1u << 6;   // map_extra: the range crosses a 4 GiB line
inline constexpr std::uint32_t placed = 1u << 7;
}  // namespace create_flag

inline constexpr std::uint32_t kMostArenaPages = 4608;  // of memory, of 4 KiB
inline constexpr std::uint32_t kLargeEntries = 3072;
inline constexpr std::uint32_t kNowhere = 1u << 20;  // an allocation's place: anywhere
inline constexpr std::uint32_t kNodeNone = 2;  // node arguments: 0 the only one, 1 offline, 2 any

extern const program::Schema kArenaSchema;

}  // namespace anyctx::target
