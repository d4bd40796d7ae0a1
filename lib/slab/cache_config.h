// CacheConfig: what the creator of a cache decides. CacheFlags: checks and kinds of caches.
#pragma once

#include <cstdint>
#include <string_view>

namespace anyctx::slab {

/// A cache with any of the first four is a debug cache: no per-CPU caching, every allocation and
/// free of an object happens under the list lock. Source: Linux 7.3 include/linux/slab.h.
enum class CacheFlags : std::uint32_t {
  none = 0,
  red_zone = 1u << 0,     // bytes around each object are checked
  poison = 1u << 1,       // free objects hold a pattern that is checked
  store_user = 1u << 2,   // who allocated and who freed last is recorded
  consistency = 1u << 3,  // every free is checked against the slab's freelist
  reclaimable = 1u << 4,  // the objects can be reclaimed: keep their pages together
  // Objects are used again at once, but only as objects of this cache: the pages of a slab stay for
  // a grace period after its last object was freed. The payload of free objects is left alone.
  typesafe_by_rcu = 1u << 5,
  typesafe_by_srcu_fast = 1u << 6,
  accounted = 1u << 7,  // every object is charged to whoever is current
  internal = 1u << 8,   // nothing is: what the allocator needs for itself
};

constexpr CacheFlags operator|(CacheFlags a, CacheFlags b) {
  return static_cast<CacheFlags>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr CacheFlags operator&(CacheFlags a, CacheFlags b) {
  return static_cast<CacheFlags>(static_cast<std::uint32_t>(a) & static_cast<std::uint32_t>(b));
}
constexpr CacheFlags without(CacheFlags flags, CacheFlags dropped) {
  return static_cast<CacheFlags>(static_cast<std::uint32_t>(flags) &
                                 ~static_cast<std::uint32_t>(dropped));
}
/// True if any of `wanted` is set in `flags`.
constexpr bool has(CacheFlags flags, CacheFlags wanted) {
  return (flags & wanted) != CacheFlags::none;
}

inline constexpr CacheFlags kDebugFlags =
    CacheFlags::red_zone | CacheFlags::poison | CacheFlags::store_user | CacheFlags::consistency;

inline constexpr CacheFlags kTypesafeFlags =
    CacheFlags::typesafe_by_rcu | CacheFlags::typesafe_by_srcu_fast;

struct CacheConfig {
  std::string_view name = {};  // outlives the cache
  std::uint32_t size = 0;
  std::uint32_t align = 0;  // power of two, or 0: a word
  CacheFlags flags = CacheFlags::none;
  /// Runs once for each object of a fresh slab, in the context that needed the slab.
  void (*constructor)(void* object) = nullptr;
  /// Runs once for each object that was constructed, before the slab's pages are given back: after
  /// the grace period of a typesafe cache, in a worker; otherwise in the context that gave the slab
  /// up, which may be any (a fresh slab that could not be listed).
  void (*destructor)(void* object) = nullptr;
};

}  // namespace anyctx::slab
