// Pairing: which function may free what. Source: the kernel's documentation of kfree_nolock() and
// free_pages_nolock(), and its plans for objects of caches.
#pragma once

#include <cstdint>

namespace anyctx::model {

/// Where memory came from.
enum class Origin : std::uint8_t {
  nothing,         // a request for no bytes: a sentinel, not memory
  kmalloc,         // at most 8192 bytes
  large,           // more: whole pages
  kmalloc_nolock,  //
  cache,           // kmem_cache_alloc
  pages,           // alloc_pages, alloc_pages_nolock
  sheaf,           // kmem_cache_prefill_sheaf: not memory, and returned, not freed
};

enum class Freer : std::uint8_t {
  kfree,
  kfree_nolock,
  kmem_cache_free,  // with the object's own cache
  free_pages,
  free_pages_nolock,
  kmem_cache_free_nolock,  // with the object's own cache
};

/// Whether an object that is freed may still wait for deferred work afterwards.
constexpr bool may_defer(Freer freer) {
  return freer == Freer::kfree_nolock || freer == Freer::kmem_cache_free_nolock;
}

/// kmalloc() with kfree_nolock() would work, but the kernel's leak trackers would report it, since
/// only kmalloc() and kfree() tell them. Pages do not say by whom they were allocated.
constexpr bool may_free(Origin origin, Freer freer) {
  switch (freer) {
    case Freer::kfree:
      return origin != Origin::pages && origin != Origin::sheaf;
    case Freer::kfree_nolock:
      return origin == Origin::nothing || origin == Origin::kmalloc_nolock ||
             origin == Origin::cache || origin == Origin::large;
    case Freer::kmem_cache_free:
    case Freer::kmem_cache_free_nolock:
      return origin == Origin::cache;
    case Freer::free_pages:
    case Freer::free_pages_nolock:
      return origin == Origin::pages;
  }
  return false;
}

}  // namespace anyctx::model
