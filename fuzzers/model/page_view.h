// What a page allocator shows of its inside to the model: plain values, pages by their number.
#pragma once

#include <cstdint>

namespace anyctx::model {

/// Page frame number, counted from the first page of the memory.
using Pfn = std::uint32_t;
inline constexpr Pfn kNoPage = UINT32_MAX;

inline constexpr unsigned kMaxOrder = 10;
inline constexpr unsigned kOrders = kMaxOrder + 1;
constexpr std::uint32_t pages_of(unsigned order) {
  return std::uint32_t{1} << order;
}

/// What a pageblock, and each free block in it, is set aside for.
enum class BlockType : std::uint8_t { unmovable, movable, reclaimable, reserve, isolated };
constexpr bool is_ordinary(BlockType type) {
  return type <= BlockType::reclaimable;
}

struct Watermarks {
  std::int64_t min = 0;
  std::int64_t low = 0;
  std::int64_t high = 0;
  friend bool operator==(const Watermarks&, const Watermarks&) = default;
};

/// Constant once the allocator is set up.
struct ZoneView {
  Pfn start = 0;
  Pfn end = 0;
  unsigned node = 0;
  bool low = false;  // memory that only some devices need: the DMA32 zone
  Watermarks marks;
  std::int64_t managed() const { return std::int64_t{end} - start; }
};

/// Counters of a zone as the allocator keeps them.
struct ZoneCounters {
  std::int64_t free = 0;     // on the buddy lists, without isolated pageblocks
  std::int64_t reserve = 0;  // of these, in pageblocks reserved for atomic requests
  std::int64_t boost = 0;    // added to the watermarks for now
  std::uint32_t blocks[kOrders] = {};
};

/// Sums over all zones and CPUs. Free pages of isolated pageblocks are in none of them.
struct PageTotals {
  std::int64_t free = 0;
  std::int64_t pcp = 0;        // on per-CPU lists
  std::int64_t parked = 0;     // freed, waiting for the zone lock
  std::int64_t held_back = 0;  // not initialised or not accepted yet
  std::int64_t leaked = 0;     // given up after a report
  std::int64_t sum() const { return free + pcp + parked + held_back + leaked; }
};

enum class Place : std::uint8_t { buddy, pcp, parked, held_back };

/// A block on one of the allocator's lists.
struct FreeBlock {
  Pfn pfn = 0;
  std::uint8_t order = 0;
  Place place = Place::buddy;
  std::uint8_t zone = 0;  // whose list it is on
  std::uint8_t cpu = 0;   // pcp: whose list it is on
  BlockType type{};       // buddy: which list it is on
};

/// What the descriptor of a page says.
struct PageView {
  std::int32_t references = 0;
  std::uint8_t compound_order = 0;  // first page of a compound block; else 0
  bool buddy = false;               // flagged as the first page of a buddy block,
  std::uint32_t private_word = 0;   // of this order; zero in all other free pages
  BlockType block_type{};           // of the pageblock it lies in
};

}  // namespace anyctx::model
