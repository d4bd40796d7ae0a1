// Thing: an object that readers find without a lock, as it lies in memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fuzzers/targets/reclaim_sites.h"
#include "fuzzers/targets/reclaim_subject.h"
#include "inject/sim/sim_machine.h"
#include "lib/machine/atomic.h"

namespace anyctx::target {

class ReclaimWorld;

/// The beginning. Behind it, content that the serial number determines, around the head that the
/// allocator may write to once the thing was freed.
struct Thing {
  using Sim = inject::Sim;
  static constexpr std::uint64_t kConstructed = 0xc0'45'7a'b1'e0'0b'1e'c7;
  static constexpr std::uint64_t kDestructed = 0xde'57'0b'ed'de'57'0b'ed;

  // In a typesafe cache these hold at any instant, in use or not.
  std::uint64_t magic;
  machine::Atomic<Sim, std::uint32_t, site::link> refs;  // 0: not in use
  std::uint32_t watchers;                                // readers that found it and are inside
  // These belong to whoever has a reference, or found it where it cannot go away.
  machine::Atomic<Sim, Thing*, site::link> next;
  ReclaimWorld* world;
  std::uint64_t serial;
  CallbackHead callback;
  std::uint32_t record;  // index of its retirement
};

/// Constructors have no argument but the object. So they count per thread, as simulations run.
struct Constructed {
  static thread_local constinit std::int64_t alive;
};
void construct_thing(void* object);
void destruct_thing(void* object);

/// Where the parts of things are that have no fixed place.
struct ThingShape {
  static constexpr std::size_t kLeast = 96;
  std::size_t size = 256;
  std::size_t head = sizeof(Thing);

  /// `place`: 0 in front of the content, 1 behind it, 2 in its middle.
  static ThingShape of(std::size_t size, unsigned place) {
    ThingShape shape{size, sizeof(Thing)};
    const std::size_t content = size - sizeof(Thing) - sizeof(void*);
    if (place == 1) shape.head += content / 8 * 8;
    if (place == 2) shape.head += content / 16 * 8;
    return shape;
  }
  void* head_of(Thing* thing) const { return reinterpret_cast<std::byte*>(thing) + head; }

  void fill(Thing* thing) const;
  /// Whether the content is what fill() wrote for this serial number.
  bool is_intact(const Thing* thing, std::uint64_t serial) const;
};

}  // namespace anyctx::target
