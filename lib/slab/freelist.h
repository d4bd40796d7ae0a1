// FreelistCodec: how the next pointer of a free object is stored in it.
// Source: Linux 7.3 mm/slub.c (freelist_ptr_encode).
#pragma once

#include <bit>
#include <cstdint>

namespace anyctx::slab {

/// Plain: the pointer itself. Encoded: XOR of the pointer, the cache's secret and the byte-swapped
/// address of the slot, so that neither an overflow nor a leaked slot yields a chosen pointer. The
/// encoded form of null is not zero: a slot must never be cleared by storing a plain null.
class FreelistCodec {
 public:
  constexpr FreelistCodec() = default;
  constexpr explicit FreelistCodec(std::uint64_t secret)
      : secret_(secret), address_mask_(~std::uint64_t{0}) {}

  void* encode(const void* next, const void* slot) const {
    return reinterpret_cast<void*>(reinterpret_cast<std::uint64_t>(next) ^ key(slot));
  }
  void* decode(const void* stored, const void* slot) const { return encode(stored, slot); }

 private:
  std::uint64_t key(const void* slot) const {
    return secret_ ^ (__builtin_bswap64(reinterpret_cast<std::uint64_t>(slot)) & address_mask_);
  }

  std::uint64_t secret_ = 0;
  std::uint64_t address_mask_ = 0;  // zero: not encoded, without a branch
};

}  // namespace anyctx::slab
