// Design: how a slab allocator keeps free objects at hand.
#pragma once

#include <cstdint>

namespace anyctx::slab {

enum class Design : std::uint8_t {
  classic,  // each CPU owns a slab and swaps its freelist: Linux up to 6.19
  sheaves,  // each CPU has arrays of free objects: Linux from 7.0 on
};

}  // namespace anyctx::slab
