// SlabOptions: what the slab allocator of a subject, or below it, is like.
#pragma once

#include <cstddef>
#include <cstdint>

namespace anyctx::target {

/// Of slabs, in lib and in the kernel: room for it is room for any slab.
inline constexpr unsigned kLargestSlabOrder = 3;

/// Flags of a cache, by the kernel's names.
struct CacheDebug {
  bool red_zone = false;
  bool poison = false;
  bool store_user = false;
  bool consistency = false;
  bool any() const { return red_zone || poison || store_user || consistency; }

  /// By a parameter with the words no, poison, redzone and all.
  static CacheDebug of(std::uint32_t word) {
    switch (word) {
      case 1:
        return {.poison = true};
      case 2:
        return {.red_zone = true};
      case 3:
        return {.red_zone = true, .poison = true, .store_user = true, .consistency = true};
      default:
        return {};
    }
  }
};

/// What kmalloc_nolock() does without a double-word swap.
enum class WithoutCas2 : std::uint8_t { try_lock, fail, sheaf_only };

struct SlabOptions {
  std::size_t page_count = 256;
  unsigned page_shift = 12;
  unsigned nodes = 1;
  bool encoded_freelist = false;
  unsigned min_align = 8;
  CacheDebug debug = {};          // of all caches
  std::uint32_t memcg_pages = 0;  // how many each group of tasks may have; 0: nothing is accounted
  unsigned memcg_slots = 1;       // how many groups a CPU's stocks have room for
  WithoutCas2 without_cas2 = WithoutCas2::try_lock;
  bool sheaves = false;       // CPUs have sheaves, not slabs
  unsigned barn_limit = 10;   // full sheaves that a node may keep
  bool boot_sheaves = false;  // CPUs begin with a sheaf of each kmalloc cache
};

}  // namespace anyctx::target
