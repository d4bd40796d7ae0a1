// Rng: a small seeded generator, the same on every compiler and library.
#pragma once

#include <cstdint>

namespace anyctx::inject {

/// splitmix64 (Steele, Lea, Flood 2014). Not locked, not cryptographic, cheap to copy.
class Rng {
 public:
  explicit constexpr Rng(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  /// Uniform enough in [0, bound); 0 for bound 0. The bias is below 2^-32.
  constexpr std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
  }

  /// True in `count` of `total` cases.
  constexpr bool chance(std::uint32_t count, std::uint32_t total) { return below(total) < count; }

 private:
  std::uint64_t state_;
};

}  // namespace anyctx::inject
