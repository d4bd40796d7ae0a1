// MemThing: an object of a bpf_mem_alloc that is large enough to be found by readers, as it lies in
// memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fuzzers/model/content.h"

namespace anyctx::target {

/// The beginning; behind it, content that the serial number determines. Memory that was never
/// handed out is zero, and other memory is such a thing, until it goes back to the slab allocator.
struct MemThing {
  static constexpr std::uint64_t kMagic = 0xc0'45'7a'b1'e0'0b'1e'c7;
  static constexpr std::uint64_t kGone = 0xde'57'0b'ed'de'57'0b'ed;

  std::uint64_t magic;
  std::uint64_t serial;
  std::uint32_t watchers;  // readers that found it and are inside
  std::uint32_t holds;     // 1: a reference to something, that goes with the memory
  std::uint32_t bytes;
  std::uint32_t record;  // index of its last retirement

  void fill() { model::fill_content(this + 1, bytes - sizeof(MemThing), owner()); }
  bool is_intact() const {
    return !model::find_changed(this + 1, bytes - sizeof(MemThing), owner());
  }

 private:
  std::uint32_t owner() const { return static_cast<std::uint32_t>(serial); }
};

}  // namespace anyctx::target
