// Gfp: what a caller of an allocator asks for and allows. Source: Linux 7.3 gfp_types.h.
//
// Only flags that something in lib/ acts upon or must tolerate. Whether a call may spin is not
// among them (spin.h).
#pragma once

#include <cstdint>

namespace anyctx::page {

enum class Gfp : std::uint32_t { none = 0 };

constexpr Gfp operator|(Gfp a, Gfp b) {
  return static_cast<Gfp>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr Gfp operator&(Gfp a, Gfp b) {
  return static_cast<Gfp>(static_cast<std::uint32_t>(a) & static_cast<std::uint32_t>(b));
}
constexpr Gfp operator~(Gfp a) {
  return static_cast<Gfp>(~static_cast<std::uint32_t>(a));
}
constexpr Gfp& operator|=(Gfp& a, Gfp b) {
  return a = a | b;
}

/// True if any of `flags` is set in `gfp`.
constexpr bool has(Gfp gfp, Gfp flags) {
  return (gfp & flags) != Gfp::none;
}

namespace gfp {

inline constexpr Gfp zero{1u << 0};            // contents are zero
inline constexpr Gfp account{1u << 1};         // whoever is current in the Memcg pays
inline constexpr Gfp nowarn{1u << 2};          // failure is expected
inline constexpr Gfp nomemalloc{1u << 3};      // leave the emergency reserves alone
inline constexpr Gfp comp{1u << 4};            // a high order becomes one compound page
inline constexpr Gfp direct_reclaim{1u << 5};  // the caller may sleep
inline constexpr Gfp kswapd_reclaim{1u << 6};  // background reclaim may be woken
inline constexpr Gfp high{1u << 7};            // may take part of the MIN reserve
inline constexpr Gfp movable{1u << 8};         // from pageblocks whose pages can move
inline constexpr Gfp reclaimable{1u << 9};     // from pageblocks whose pages can be reclaimed
inline constexpr Gfp thisnode{1u << 10};       // no fallback to other nodes
inline constexpr Gfp dma32{1u << 11};          // only from the low zone, where there is one

inline constexpr Gfp kernel = direct_reclaim | kswapd_reclaim;
inline constexpr Gfp atomic = high | kswapd_reclaim;
inline constexpr Gfp nowait = kswapd_reclaim | nowarn;

}  // namespace gfp
}  // namespace anyctx::page
