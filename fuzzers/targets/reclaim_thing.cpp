#include "fuzzers/targets/reclaim_thing.h"

#include <memory>

#include "fuzzers/model/content.h"

namespace anyctx::target {

using inject::VerdictKind;

namespace {

/// Calls f(address, bytes) for what lies in front of the head, and behind it.
template <class T, class F>
void for_each_part(const ThingShape& shape, T* thing, F f) {
  constexpr std::size_t kHead = sizeof(void*);
  auto* const begin =
      reinterpret_cast<std::conditional_t<std::is_const_v<T>, const std::byte*, std::byte*>>(thing);
  f(begin + sizeof(Thing), shape.head - sizeof(Thing));
  f(begin + shape.head + kHead, shape.size - shape.head - kHead);
}

}  // namespace

thread_local constinit std::int64_t Constructed::alive = 0;

// Both are the world's code, called by what is watched.

void construct_thing(void* object) {
  const inject::Unwatched unwatched;
  Thing* const thing = static_cast<Thing*>(object);
  std::construct_at(&thing->refs);
  thing->magic = Thing::kConstructed;
  thing->watchers = 0;
  ++Constructed::alive;
}

void destruct_thing(void* object) {
  const inject::Unwatched unwatched;
  Thing* const thing = static_cast<Thing*>(object);
  inject::Simulation& simulation = inject::Simulation::current();
  if (thing->magic != Thing::kConstructed) {
    simulation.stop(VerdictKind::conservation, "what is destructed was constructed, once",
                    "a constructed object", "something else");
  }
  if (thing->watchers != 0) {
    simulation.stop(VerdictKind::grace_period, "objects are destructed when no reader can see them",
                    "no reader", "a reader that found it");
  }
  if (thing->refs.peek() != 0) {
    simulation.stop(VerdictKind::refcount, "objects are destructed when nobody refers to them",
                    "no reference", "references");
  }
  thing->magic = Thing::kDestructed;
  --Constructed::alive;
}

void ThingShape::fill(Thing* thing) const {
  const auto owner = static_cast<std::uint32_t>(thing->serial);
  for_each_part(*this, thing,
                [&](std::byte* at, std::size_t bytes) { model::fill_content(at, bytes, owner); });
}

bool ThingShape::is_intact(const Thing* thing, std::uint64_t serial) const {
  bool intact = true;
  for_each_part(*this, thing, [&](const std::byte* at, std::size_t bytes) {
    intact = intact && !model::find_changed(at, bytes, static_cast<std::uint32_t>(serial));
  });
  return intact;
}

}  // namespace anyctx::target
