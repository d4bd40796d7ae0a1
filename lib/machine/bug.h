// What a library of this project reports when it is misused or finds its memory corrupted.
//
// Allocation failure is a value; these are bugs. A report never allocates and is legal in every
// context. After a report the library leaks what it cannot trust and goes on.
#pragma once

#include <cstdint>
#include <string_view>

namespace anyctx::machine {

enum class Bug : std::uint8_t {
  double_free,          // object or page freed twice
  invalid_free,         // pointer that no allocator handed out, or the wrong flavour of free
  freelist_corrupt,     // a free pointer leads outside its slab
  poison_overwritten,   // a freed object was written to
  redzone_overwritten,  // a write past the end of an object
  bad_page,             // page state does not fit where the page was found
  bad_refcount,         // reference dropped that was not held
  cache_in_use,         // cache destroyed while objects are live
  bad_unlock,           // lock released that is not held
  bad_context,          // called where that is not allowed
};

constexpr std::string_view to_string(Bug bug) {
  constexpr std::string_view names[] = {
      "double-free",         "invalid-free", "freelist-corrupt", "poison-overwritten",
      "redzone-overwritten", "bad-page",     "bad-refcount",     "cache-in-use",
      "bad-unlock",          "bad-context",
  };
  return names[static_cast<unsigned>(bug)];
}

}  // namespace anyctx::machine
