// Config: the memory an allocator manages and the numbers that are not computed from it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace anyctx::page {

inline constexpr unsigned kMaxOrder = 10;
inline constexpr unsigned kOrders = kMaxOrder + 1;
constexpr std::int64_t pages_of(unsigned order) {
  return std::int64_t{1} << order;
}
/// Orders that per-CPU lists hold, and that a nolock request may ask for: 0..3.
inline constexpr unsigned kPcpOrders = 4;
inline constexpr unsigned kMaxNodes = 4;
/// A node has a NORMAL zone; node 0 may have a DMA32 zone below it.
inline constexpr unsigned kZoneTypes = 2;
inline constexpr unsigned kMaxZones = kMaxNodes + 1;
/// Node argument: whatever node the CPU belongs to.
inline constexpr int kNoNode = -1;

/// `base` is aligned to a page; blocks of order n are aligned to their size relative to it, so an
/// owner that wants them aligned in memory aligns base to its largest block. Sizes are in pages.
/// A zero means: computed as the kernel does.
struct Config {
  std::byte* base = nullptr;
  std::size_t page_count = 0;
  unsigned page_shift = 12;       // 12 or 16
  unsigned pageblock_order = 9;   // lowered until every zone has a whole pageblock
  unsigned nodes = 1;             // 1..kMaxNodes; memory is divided evenly, in whole pageblocks
  std::size_t dma32_pages = 0;    // the first pages of node 0 are a zone of their own
  bool deferred_init = false;     // the upper half of each zone appears in finish_deferred_init()
  std::size_t unaccepted = 0;     // pages at the end of memory that are accepted on demand
  std::size_t min_watermark = 0;  // MIN, of all zones together
  unsigned pcp_batch = 0;
  unsigned pcp_high = 0;  // fixed limit: high_min = high_max
  // How far mixing of migrate types may raise the watermarks of a large zone, in 1/10000 of HIGH.
  // Here 0 means off: taking the boost back is up to the owner (PageAllocator::balance()). The
  // kernel's value is 15000.
  unsigned watermark_boost = 0;
};

}  // namespace anyctx::page
