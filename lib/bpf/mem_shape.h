// MemShape: the sizes that a MemAlloc has caches for, and how much of each a CPU keeps at hand.
// Source: Linux 7.3 kernel/bpf/memalloc.c (size_index, init_refill_work, prefill_mem_cache).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace anyctx::bpf {

/// In front of each object: the cache it was handed out by, or a link while it is free.
inline constexpr std::size_t kMemHeader = sizeof(void*);

/// With the header.
inline constexpr std::array<std::uint16_t, 11> kMemUnits = {
    16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096,
};
inline constexpr unsigned kMemSizes = kMemUnits.size();
inline constexpr std::size_t kMaxMemSize = kMemUnits.back() - kMemHeader;

/// Index of the smallest unit for `size` bytes of a user. 1 <= size <= kMaxMemSize.
constexpr unsigned mem_index_of(std::size_t size) {
  unsigned index = 0;
  while (kMemUnits[index] < size + kMemHeader) ++index;
  return index;
}

/// A refill is asked for below `low`, and brings `batch` objects; above `high` objects go.
struct MemShape {
  std::uint32_t unit = 0;
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  std::uint32_t batch = 0;
  std::uint32_t prefill = 0;

  static constexpr MemShape of(std::uint32_t unit) {
    constexpr std::uint32_t kSmall = 256;
    if (unit <= kSmall) return {unit, 32, 96, 48, 4};
    const std::uint32_t low = at_least(1, 8192 / unit);
    const std::uint32_t high = at_least(3, 24576 / unit);
    return {unit, low, high, at_least(1, (high - low) / 4 * 3), 1};
  }

 private:
  static constexpr std::uint32_t at_least(std::uint32_t least, std::uint32_t n) {
    return n < least ? least : n;
  }
};

}  // namespace anyctx::bpf
