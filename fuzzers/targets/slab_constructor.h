// The constructor of caches that have one, and what its objects look like.
#pragma once

#include <cstdint>
#include <cstring>

namespace anyctx::target {

inline constexpr std::uint64_t kConstructed = 0xc0'45'7a'b1'e0'0b'1e'c7;

/// Users put objects back in this state before they free them.
inline void construct_object(void* object) {
  std::memcpy(object, &kConstructed, sizeof kConstructed);
}
inline bool is_constructed(const void* object) {
  return std::memcmp(object, &kConstructed, sizeof kConstructed) == 0;
}

}  // namespace anyctx::target
