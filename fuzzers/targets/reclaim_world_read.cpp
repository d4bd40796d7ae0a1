// ReclaimWorld: those who look at what they find, without a lock.
#include <fmt/format.h>

#include "fuzzers/targets/reclaim_world.h"

namespace anyctx::target {

using engine::Outcome;
using inject::Sim;
using inject::VerdictKind;

bool ReclaimWorld::may_read(ReaderKind kind) const {
  return serves_all() || kind == ReaderKind::rcu;
}

Outcome ReclaimWorld::read(unsigned slot, ReaderKind kind, std::uint32_t looks) {
  if (is_typesafe() || !may_read(kind)) return borrow(slot, kind, looks);
  const ReaderSection section(*subject_, readers_, kind);
  Thing* const thing = find(slots_[slot]);
  if (thing == nullptr) return {Outcome::Kind::vacuous};
  look(thing, thing->serial, looks);
  --thing->watchers;
  return {};
}

/// Takes a reference of what it finds and uses it when it is no reader any more. An object of a
/// typesafe cache may be another one by then: whoever has a reference looks whether it is not.
Outcome ReclaimWorld::borrow(unsigned slot, ReaderKind kind, std::uint32_t looks) {
  if (!may_read(kind)) return {Outcome::Kind::vacuous};
  Thing* thing = nullptr;
  {
    const ReaderSection section(*subject_, readers_, kind);
    thing = find(slots_[slot]);
    if (thing == nullptr) return {Outcome::Kind::vacuous};
    const bool has_reference = get(thing);
    --thing->watchers;
    if (!has_reference) return {Outcome::Kind::failed};
  }
  const bool is_current = slots_[slot].load() == thing;
  look(thing, thing->serial, looks);
  put(thing, How::head);
  return {Outcome::Kind::done, is_current ? 1u : 0u};
}

Outcome ReclaimWorld::walk(ReaderKind kind, std::uint32_t looks) {
  if (is_typesafe() || !may_read(kind)) return {Outcome::Kind::vacuous};
  constexpr unsigned kMost = 8;
  const ReaderSection section(*subject_, readers_, kind);
  unsigned length = 0;
  for (Thing* thing = find(list_); thing != nullptr;) {
    look(thing, thing->serial, looks);
    Thing* const next = ++length < kMost ? find(thing->next) : nullptr;
    --thing->watchers;
    thing = next;
  }
  return {length != 0 ? Outcome::Kind::done : Outcome::Kind::vacuous, length};
}

/// What a link leads to; it counts the reader until the reader says otherwise.
Thing* ReclaimWorld::find(Link& link) {
  Thing* const thing = link.load();
  if (thing == nullptr) return nullptr;
  ++thing->watchers;
  if (thing->magic != Thing::kConstructed) {
    simulation_.stop(VerdictKind::grace_period, "what a reader finds is a thing",
                     "a constructed object", "something else");
  }
  return thing;
}

void ReclaimWorld::look(const Thing* thing, std::uint64_t serial, std::uint32_t looks) const {
  for (std::uint32_t i = 0; i <= looks; ++i) {
    if (thing->serial != serial || !shape_.is_intact(thing, serial)) {
      simulation_.stop(VerdictKind::content, "what a reader found stays as it is while it looks",
                       fmt::format("thing #{}", serial),
                       fmt::format("#{}, or changed", thing->serial));
    }
    if (i < looks) Sim::probe(site::look);
  }
}

/// A reference, unless there was none left.
bool ReclaimWorld::get(Thing* thing) {
  std::uint32_t found = thing->refs.load();
  do {
    if (found == 0) return false;
    if (found > retired_.kNone / 2 || thing->magic != Thing::kConstructed) {
      simulation_.stop(VerdictKind::content,
                       "the reference count of what a reader found is sound at any instant",
                       "a sound count", fmt::format("{}", found));
    }
  } while (!thing->refs.cas(found, found + 1));
  return true;
}

}  // namespace anyctx::target
