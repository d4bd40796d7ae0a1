// The double word that allocators update in one step, and how a machine compares it.
#pragma once

#include <cstdint>

namespace anyctx::machine {

/// Two words that are compared and swapped together. Must be 16-byte aligned.
struct alignas(16) Pair {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  friend constexpr bool operator==(const Pair&, const Pair&) = default;
};

}  // namespace anyctx::machine
