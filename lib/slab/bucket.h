// Bucket: the sizes that kmalloc serves from caches, and which one serves a request.
// Source: Linux 7.3 include/linux/slab.h, mm/slab_common.c.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace anyctx::slab {

inline constexpr std::array<std::uint16_t, 13> kBucketSizes = {
    8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192,
};
inline constexpr unsigned kBuckets = kBucketSizes.size();
inline constexpr std::size_t kMaxCacheSize = kBucketSizes.back();

/// Which kind of memory a request is for. Each family has buckets of its own.
enum class Family : std::uint8_t {
  normal,
  reclaimable,
  accounted,  // charged to memory cgroups
  internal,   // what the allocator needs for itself: never charged, never cached in sheaves
};
inline constexpr unsigned kFamilies = 4;

inline constexpr std::array<std::array<std::string_view, kBuckets>, kFamilies> kBucketNames = {{
    {"kmalloc-8", "kmalloc-16", "kmalloc-32", "kmalloc-64", "kmalloc-96", "kmalloc-128",
     "kmalloc-192", "kmalloc-256", "kmalloc-512", "kmalloc-1k", "kmalloc-2k", "kmalloc-4k",
     "kmalloc-8k"},
    {"kmalloc-rcl-8", "kmalloc-rcl-16", "kmalloc-rcl-32", "kmalloc-rcl-64", "kmalloc-rcl-96",
     "kmalloc-rcl-128", "kmalloc-rcl-192", "kmalloc-rcl-256", "kmalloc-rcl-512", "kmalloc-rcl-1k",
     "kmalloc-rcl-2k", "kmalloc-rcl-4k", "kmalloc-rcl-8k"},
    {"kmalloc-cg-8", "kmalloc-cg-16", "kmalloc-cg-32", "kmalloc-cg-64", "kmalloc-cg-96",
     "kmalloc-cg-128", "kmalloc-cg-192", "kmalloc-cg-256", "kmalloc-cg-512", "kmalloc-cg-1k",
     "kmalloc-cg-2k", "kmalloc-cg-4k", "kmalloc-cg-8k"},
    {"kmalloc-int-8", "kmalloc-int-16", "kmalloc-int-32", "kmalloc-int-64", "kmalloc-int-96",
     "kmalloc-int-128", "kmalloc-int-192", "kmalloc-int-256", "kmalloc-int-512", "kmalloc-int-1k",
     "kmalloc-int-2k", "kmalloc-int-4k", "kmalloc-int-8k"},
}};

/// Up to 192 bytes the buckets are not all powers of two: one entry per 8 bytes of request.
inline constexpr std::size_t kMaxTableSize = 192;
inline constexpr auto kBucketTable = [] {
  std::array<std::uint8_t, kMaxTableSize / 8> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    std::uint8_t bucket = 0;
    while (kBucketSizes[bucket] < (i + 1) * 8) ++bucket;
    table[i] = bucket;
  }
  return table;
}();

/// Index of the smallest bucket that holds `size` bytes. 1 <= size <= kMaxCacheSize.
constexpr unsigned bucket_of(std::size_t size) {
  if (size <= kMaxTableSize) return kBucketTable[(size - 1) / 8];
  return static_cast<unsigned>(std::bit_width(size - 1)) - 1;
}

/// Alignment of a bucket's objects: the largest power of two that divides the size.
constexpr unsigned bucket_alignment(std::size_t size) {
  return 1u << std::countr_zero(size);
}

/// The bucket that stands in for `bucket` if every object is aligned to `min_align`.
constexpr unsigned alias_of(unsigned bucket, unsigned min_align) {
  return bucket_of((kBucketSizes[bucket] + min_align - 1) / min_align * min_align);
}

}  // namespace anyctx::slab
