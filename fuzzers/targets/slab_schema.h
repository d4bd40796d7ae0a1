// The slab target's schema: its operations, parameters and sites.
#pragma once

#include "fuzzers/ops/schema.h"

namespace anyctx::target {

/// Codes of the operations: the order of the table, which never changes.
enum class SlabOp : std::uint8_t {
  kmalloc,
  kfree,
  kmalloc_nolock,
  kfree_nolock,
  ksize,
  kmem_cache_create,
  kmem_cache_alloc,
  kmem_cache_free,
  kmem_cache_shrink,
  kmem_cache_destroy,
  deferred_work_barrier,
  double_free,
  write_after_free,
  write_past_end,
  wrong_free,
  alloc_pages,
  free_pages,
  alloc_pages_nolock,
  free_pages_nolock,
  drain_pcp,
  drain_parked,
  shrink_bucket,
  replace_payer,
  drain_stock,
  kmem_cache_prefill_sheaf,
  kmem_cache_alloc_from_sheaf,
  kmem_cache_refill_sheaf,
  kmem_cache_return_sheaf,
  kmem_cache_alloc_nolock,
  kmem_cache_free_nolock,
};

/// Bits of the flags of kmalloc() and kmem_cache_alloc(). kmalloc_nolock() and the page operations
/// know the first two.
namespace alloc_flag {
inline constexpr std::uint32_t zero = 1u << 0;
inline constexpr std::uint32_t account = 1u << 1;
inline constexpr std::uint32_t reclaimable = 1u << 2;
inline constexpr std::uint32_t nowait = 1u << 3;
inline constexpr std::uint32_t thisnode = 1u << 4;
}  // namespace alloc_flag

/// Bits of the flags of kmem_cache_create().
namespace cache_flag {
inline constexpr std::uint32_t red_zone = 1u << 0;
inline constexpr std::uint32_t poison = 1u << 1;
inline constexpr std::uint32_t store_user = 1u << 2;
inline constexpr std::uint32_t consistency = 1u << 3;
inline constexpr std::uint32_t reclaimable = 1u << 4;
inline constexpr std::uint32_t ctor = 1u << 5;
}  // namespace cache_flag

/// Bits of what the caller of a nolock operation has switched off. In the flags of kmalloc_nolock()
/// they stand behind the two allocation flags.
inline constexpr unsigned kNolockAllocFlags = 2;
namespace caller_flag {
inline constexpr std::uint32_t irqs_off = 1u << 0;
inline constexpr std::uint32_t preempt_off = 1u << 1;
}  // namespace caller_flag

inline constexpr unsigned kNamedCaches = 4;  // cache0..cache3
inline constexpr unsigned kMostSlabPages = 512;
inline constexpr unsigned kMostPageShift = 16;
inline constexpr unsigned kAnyNode = 4;  // a node argument from here on means: no preference

extern const program::Schema kSlabSchema;

}  // namespace anyctx::target
