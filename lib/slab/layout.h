// Layout: where the parts of an object are, and how many objects a slab of a cache has.
// Source: Linux 7.3 mm/slub.c (calculate_sizes, calculate_order, set_cpu_partial).
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "lib/slab/cache_config.h"

namespace anyctx::slab {

inline constexpr unsigned kWord = 8;
inline constexpr unsigned kMaxSlabOrder = 3;  // unless not even one object fits
inline constexpr unsigned kMaxObjectsPerSlab = 32767;

/// Who allocated or freed an object last: the CPU and the number of the event.
struct Track {
  std::uint64_t cpu = 0;
  std::uint64_t sequence = 0;
};

/// One slot of a slab, offsets from the address that users see:
///   [-left_pad, 0) red zone | object, object_size bytes | to `inuse`: red zone or padding |
///   link, if outside | 2 Tracks | requested size | to size - left_pad: padding.
struct Layout {
  std::uint32_t object_size = 0;
  std::uint32_t size = 0;    // distance between slots
  std::uint32_t inuse = 0;   // end of the object and its red zone
  std::uint32_t offset = 0;  // of the link of a free object
  std::uint32_t left_pad = 0;
  std::uint32_t track_offset = 0;  // 0: no tracks
  std::uint32_t size_offset = 0;   // of the requested size, 0: not recorded
  std::uint32_t align = 0;
  std::uint32_t objects = 0;      // in a slab of `order`
  std::uint32_t min_objects = 0;  // in a slab of `min_order`
  std::uint8_t order = 0;
  std::uint8_t min_order = 0;  // the fallback: the smallest that holds an object
  std::uint32_t cpu_partial_slabs = 0;
  std::uint32_t min_partial = 0;  // empty slabs that a node keeps
};

constexpr std::uint32_t align_up(std::uint32_t value, std::uint32_t align) {
  return (value + align - 1) & ~(align - 1);
}

/// Smallest order whose block holds `bytes`.
constexpr unsigned order_of(std::size_t bytes, unsigned page_shift) {
  const std::size_t pages = (bytes + (std::size_t{1} << page_shift) - 1) >> page_shift;
  return static_cast<unsigned>(std::bit_width(pages - 1));
}

/// Order of a cache's slabs: enough objects for this many CPUs, then as little waste as possible.
constexpr unsigned slab_order(std::uint32_t size, unsigned page_shift, unsigned cpus) {
  const std::uint32_t largest = 1u << (page_shift + kMaxSlabOrder);
  const std::uint32_t wanted = 4 * (static_cast<std::uint32_t>(std::bit_width(cpus)) + 1);
  const std::uint32_t objects = std::min(wanted, std::max(largest / size, 1u));
  const unsigned least = order_of(std::size_t{objects} * size, page_shift);
  if ((1u << (page_shift + least)) / size > kMaxObjectsPerSlab) {
    return order_of(std::size_t{size} * kMaxObjectsPerSlab, page_shift) - 1;
  }
  for (std::uint32_t fraction = 16; fraction > 1; fraction /= 2) {
    for (unsigned order = least; order <= kMaxSlabOrder; ++order) {
      const std::uint32_t bytes = 1u << (page_shift + order);
      if (bytes % size <= bytes / fraction) return order;
    }
  }
  return order_of(size, page_shift);
}

/// How many slabs a CPU keeps on its partial chain.
constexpr std::uint32_t cpu_partial_slabs(std::uint32_t size, std::uint32_t objects_per_slab,
                                          unsigned page_shift) {
  std::uint32_t objects = 120;
  if (size >= 256) objects = 52;
  if (size >= 1024) objects = 24;
  if (size >= 1u << page_shift) objects = 6;
  return (2 * objects + objects_per_slab - 1) / objects_per_slab;
}

/// `tracks_size`: the requested size is recorded (kmalloc caches, if users are recorded).
constexpr Layout make_layout(const CacheConfig& config, bool is_kmalloc, unsigned page_shift,
                             unsigned cpus) {
  const bool red_zone = has(config.flags, CacheFlags::red_zone);
  const bool store_user = has(config.flags, CacheFlags::store_user);
  const bool tracks_size = is_kmalloc && store_user;
  Layout layout;
  layout.object_size = config.size;
  layout.align = std::max(config.align, kWord);
  std::uint32_t size = align_up(config.size, kWord);
  if (red_zone && size == config.size) size += kWord;
  layout.inuse = size;
  const bool link_outside = has(config.flags, CacheFlags::poison) ||
                            config.constructor != nullptr || has(config.flags, kTypesafeFlags) ||
                            (red_zone && (config.size < kWord || tracks_size));
  if (link_outside) {
    layout.offset = size;
    size += kWord;
  } else {
    // In the middle, where overflows of the neighbours do not reach.
    layout.offset = config.size / 2 & ~(kWord - 1);
  }
  if (store_user) {
    layout.track_offset = size;
    size += 2 * sizeof(Track);
  }
  if (tracks_size) {
    layout.size_offset = size;
    size += kWord;
  }
  if (red_zone) {
    layout.left_pad = align_up(kWord, layout.align);
    size += kWord + layout.left_pad;  // padding, so that writes before the next object show
  }
  layout.size = align_up(size, layout.align);
  layout.order = static_cast<std::uint8_t>(slab_order(layout.size, page_shift, cpus));
  layout.min_order = static_cast<std::uint8_t>(order_of(layout.size, page_shift));
  layout.objects = (1u << (page_shift + layout.order)) / layout.size;
  layout.min_objects = (1u << (page_shift + layout.min_order)) / layout.size;
  if (!has(config.flags, kDebugFlags)) {
    layout.cpu_partial_slabs = cpu_partial_slabs(layout.size, layout.objects, page_shift);
  }
  const auto log2 = static_cast<std::uint32_t>(std::bit_width(layout.size)) - 1;
  layout.min_partial = std::clamp(log2 / 2, 5u, 10u);
  return layout;
}

}  // namespace anyctx::slab
