// MemAllocWorld: those who take, give and look at objects.
#include <fmt/format.h>

#include <algorithm>

#include "fuzzers/targets/mem_alloc_world.h"

namespace anyctx::target {

using engine::Outcome;
using inject::Sim;
using inject::VerdictKind;

Outcome MemAllocWorld::alloc(unsigned slot, std::uint32_t asked) {
  const Held held = make(bytes_of(asked));
  if (held.object == nullptr) return {Outcome::Kind::failed};
  if (!slots_.push(slot, held)) give(held, How::at_once);
  return {};
}

Outcome MemAllocWorld::free(unsigned slot, How how) {
  Held held;
  if (!slots_.take(slot, held, [](const Held&) { return true; })) return {Outcome::Kind::vacuous};
  give(held, how);
  return {};
}

/// As many as a program may need at a time, and all back.
Outcome MemAllocWorld::churn(std::uint32_t asked, std::uint32_t count, How how) {
  std::array<Held, 16> held;
  std::uint32_t served = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    held[served] = make(bytes_of(asked));
    if (held[served].object != nullptr) ++served;
  }
  for (std::uint32_t i = 0; i < served; ++i) give(held[i], how);
  return {served != 0 ? Outcome::Kind::done : Outcome::Kind::failed, served};
}

Outcome MemAllocWorld::publish(unsigned cell, std::uint32_t asked, How how) {
  const Held held = make(std::max<std::uint32_t>(bytes_of(asked), kLeastThing));
  if (held.object == nullptr) return {Outcome::Kind::failed};
  MemThing* const old = cells_[cell].exchange(static_cast<MemThing*>(held.object));
  if (old != nullptr) give({old, old->bytes, old->serial}, how);
  return {};
}

Outcome MemAllocWorld::unpublish(unsigned cell, How how) {
  MemThing* const old = cells_[cell].exchange(nullptr);
  if (old == nullptr) return {Outcome::Kind::vacuous};
  give({old, old->bytes, old->serial}, how);
  return {};
}

/// A reader may put something into what it found, even if that is deleted already.
Outcome MemAllocWorld::read(unsigned cell, ReaderKind kind, std::uint32_t looks, bool puts) {
  const ReaderSection section(*subject_, readers_, kind);
  MemThing* const thing = cells_[cell].load();
  if (thing == nullptr) return {Outcome::Kind::vacuous};
  ++thing->watchers;
  look(thing, thing->serial, kind, looks);
  if (puts && thing->holds == 0) {
    thing->holds = 1;
    ++held_;
  }
  --thing->watchers;
  return {};
}

/// A reader of something else, who holds up grace periods. Is no user of the allocator.
Outcome MemAllocWorld::stand(ReaderKind kind, std::uint32_t looks) {
  const MemAllocSubject::Token token = subject_->read_lock(kind);
  for (std::uint32_t i = 0; i < looks; ++i) Sim::probe(site::look);
  subject_->read_unlock(kind, token);
  return {};
}

void MemAllocWorld::look(const MemThing* thing, std::uint64_t serial, ReaderKind kind,
                         std::uint32_t looks) const {
  for (std::uint32_t i = 0; i <= looks; ++i) {
    if (thing->magic != MemThing::kMagic) {
      simulation_.stop(VerdictKind::grace_period,
                       "what a reader found stays an object of its kind while it looks",
                       "an object", "something else");
    }
    const bool may_change = kind != ReaderKind::rcu || was_freed_at_once(serial);
    if (!may_change && (thing->serial != serial || !thing->is_intact())) {
      simulation_.stop(VerdictKind::content, "what a reader found stays as it is while it looks",
                       fmt::format("thing #{}", serial),
                       fmt::format("#{}, or changed", thing->serial));
    }
    if (i < looks) Sim::probe(site::look);
  }
}

/// An object that nobody else knows of, filled; none if there is none at hand.
MemAllocWorld::Held MemAllocWorld::make(std::uint32_t bytes) {
  const bool is_possible = bytes != 0 && bytes <= kMaxMemAllocSize;
  const MemAllocSubject::Cache before =
      is_possible ? subject_->cache(bytes) : MemAllocSubject::Cache{};
  Held held{subject_->alloc(bytes), bytes, 0};
  if (held.object == nullptr) {
    if (is_possible) check_null(bytes, before);
    return held;
  }
  if (!is_possible) {
    simulation_.stop(VerdictKind::error_code, "no object is larger than the largest", "null",
                     fmt::format("{} bytes", bytes));
  }
  check_made(held);
  begin_thing(held);
  return held;
}

void MemAllocWorld::check_null(std::uint32_t bytes, const MemAllocSubject::Cache& before) const {
  const inject::Causes& causes = simulation_.causes();
  if (causes.count() == 0 && subject_->names_causes()) {
    simulation_.stop(VerdictKind::spurious_failure, "an allocation that fails has a cause",
                     "a cause", "null without one");
  }
  if (is_excused()) return;
  if (before.at_hand != 0 && !before.busy) {
    simulation_.stop(VerdictKind::spurious_failure,
                     "an undisturbed allocation gets what is at hand", "an object",
                     fmt::format("null, with {} at hand", before.at_hand));
  }
  if (!subject_->cache(bytes).asks) {
    simulation_.stop(VerdictKind::no_progress, "who got nothing has asked for more",
                     "a refill to come", "none");
  }
}

/// Something else ran during the operation, or something was made to fail.
bool MemAllocWorld::is_excused() const {
  const inject::Causes& causes = simulation_.causes();
  return simulation_.disturbed() || causes.count() != causes.kept().size() ||
         std::ranges::any_of(causes.kept(), &inject::Cause::injected);
}

void MemAllocWorld::check_made(const Held& held) {
  const std::size_t offset = offset_of(held.object);
  if (subject_->capacity(held.object) < held.bytes || offset % 8 != 0) {
    simulation_.stop(VerdictKind::placement, "an object has the size that was asked for",
                     fmt::format("{} bytes", held.bytes),
                     fmt::format("{}", subject_->capacity(held.object)));
  }
  if (live_.claim(offset - kHeader, held.bytes + kHeader)) {
    simulation_.stop(VerdictKind::overlap, "memory is handed out to one user at a time",
                     "free memory", "memory in use");
  }
  check_reuse(held.object);
}

/// Memory is used again, or given up, that may have waited for a grace period before.
void MemAllocWorld::check_reuse(const void* memory) {
  ReclaimRetired::Record* const last = retired_.last_of(memory);
  if (last == nullptr || last->over) return;
  if (readers_.any_left(last->readers)) {
    simulation_.stop(VerdictKind::grace_period,
                     "memory is used again after all readers who were inside when it was freed",
                     "no reader", "one who was inside");
  }
  last->over = true;
}

void MemAllocWorld::begin_thing(Held& held) {
  held.serial = ++serials_;
  if (!is_thing(held.object)) {
    model::fill_content(held.object, held.bytes, static_cast<std::uint32_t>(held.serial));
    return;
  }
  auto* const thing = static_cast<MemThing*>(held.object);
  if (thing->magic != MemThing::kMagic) {
    if (model::find_nonzero(thing, held.bytes)) {
      simulation_.stop(VerdictKind::zero, "an object is zero, or as its last user left it", "zero",
                       "something else");
    }
    thing->magic = MemThing::kMagic;
  }
  release_hold(*thing);
  thing->serial = held.serial;
  thing->bytes = std::max<std::uint32_t>(held.bytes, kLeastThing);
  thing->record = ReclaimRetired::kNone;
  thing->fill();
}

/// Of who deletes the object, who uses it again after a reader put something there, or of its
/// memory, when that goes.
void MemAllocWorld::release_hold(MemThing& thing) {
  held_ -= thing.holds;
  thing.holds = 0;
}

void MemAllocWorld::give(const Held& held, How how) {
  const bool thing = is_thing(held.object);
  const bool is_intact = thing ? static_cast<MemThing*>(held.object)->serial == held.serial &&
                                     static_cast<MemThing*>(held.object)->is_intact()
                               : !model::find_changed(held.object, held.bytes,
                                                      static_cast<std::uint32_t>(held.serial));
  if (!is_intact) {
    simulation_.stop(VerdictKind::content, "nobody but its user writes to an object",
                     fmt::format("object #{}", held.serial), "something else");
  }
  ANYCTX_CHECK(live_.release(offset_of(held.object) - kHeader, held.bytes + kHeader));
  if (thing) release_hold(*static_cast<MemThing*>(held.object));
  if (how == How::after_rcu) {
    static_cast<void>(retired_.add({.thing = held.object,
                                    .readers = readers_.snapshot(GraceKind::rcu),
                                    .kind = GraceKind::rcu}));
    return subject_->free_rcu(held.object);
  }
  if (held.serial < at_once_.size()) at_once_.set(held.serial);
  const MemAllocSubject::Cache before = subject_->cache(held.bytes);
  subject_->free(held.object);
  if (is_excused() || before.busy) return;
  const std::uint32_t now = subject_->cache(held.bytes).at_hand;
  if (now != before.at_hand + 1) {
    simulation_.stop(VerdictKind::counter, "what was freed is at hand, where its size is",
                     fmt::format("{} objects", before.at_hand + 1), fmt::format("{}", now));
  }
}

}  // namespace anyctx::target
