// ReclaimWorld: those who change what readers find.
#include "fuzzers/targets/reclaim_world.h"

namespace anyctx::target {

using engine::Outcome;
using inject::VerdictKind;

Outcome ReclaimWorld::publish(unsigned slot, How how) {
  Thing* const thing = make();
  if (thing == nullptr) return {Outcome::Kind::failed};
  Thing* const old = slots_[slot].exchange(thing);
  if (old != nullptr) put(old, how);
  return {};
}

Outcome ReclaimWorld::unpublish(unsigned slot, How how) {
  Thing* const old = slots_[slot].exchange(nullptr);
  if (old == nullptr) return {Outcome::Kind::vacuous};
  put(old, how);
  return {};
}

/// A list grows at its beginning and is taken as a whole. Its links stay what they are, so it is
/// not for things that are used again while readers look.
Outcome ReclaimWorld::push() {
  if (is_typesafe()) return {Outcome::Kind::vacuous};
  Thing* const thing = make();
  if (thing == nullptr) return {Outcome::Kind::failed};
  Thing* first = list_.load(std::memory_order_relaxed);
  do {
    thing->next.store(first, std::memory_order_relaxed);
  } while (!list_.cas(first, thing));
  return {};
}

Outcome ReclaimWorld::take_list(How how) {
  Thing* thing = list_.exchange(nullptr);
  if (thing == nullptr) return {Outcome::Kind::vacuous};
  std::uint64_t length = 0;
  while (thing != nullptr) {
    Thing* const next = thing->next.load(std::memory_order_relaxed);
    put(thing, how);
    thing = next;
    ++length;
  }
  return {Outcome::Kind::done, length};
}

/// A thing with one reference, that nobody else knows of.
Thing* ReclaimWorld::make() {
  if (is_typesafe() && !has_pair_) return nullptr;
  const bool has_room = subject_->has_room();
  auto* const thing = static_cast<Thing*>(is_typesafe() ? subject_->alloc_pair_nolock()
                                                        : subject_->kmalloc_nolock(shape_.size));
  if (thing == nullptr) {
    if (has_room && !simulation_.disturbed() && simulation_.causes().count() == 0) {
      simulation_.stop(VerdictKind::spurious_failure,
                       "an undisturbed allocation succeeds while there is memory", "an object",
                       "null");
    }
    return nullptr;
  }
  check_made(thing);
  if (!is_typesafe()) {
    std::construct_at(&thing->refs);
    thing->magic = Thing::kConstructed;
    thing->watchers = 0;
  }
  std::construct_at(&thing->next);
  thing->callback = {};
  thing->world = this;
  thing->serial = ++serials_;
  thing->record = ReclaimRetired::kNone;
  shape_.fill(thing);
  thing->refs.store(1);
  return thing;
}

void ReclaimWorld::check_made(Thing* thing) {
  if (is_typesafe()) {
    if (thing->magic != Thing::kConstructed) {
      simulation_.stop(VerdictKind::content, "objects of a typesafe cache stay constructed",
                       "a constructed object", "something else");
    }
    if (thing->refs.peek() == 0) return;
    simulation_.stop(VerdictKind::overlap, "memory is handed out to one user at a time",
                     "an object without references", "references");
  }
  check_reuse(thing);
}

/// Memory was handed out that may have waited for a grace period before.
void ReclaimWorld::check_reuse(const void* memory) {
  ReclaimRetired::Record* const last = retired_.last_of(memory);
  if (last == nullptr || last->over) return;
  // Whoever called back has freed it already.
  if (!last->by_callback && subject_->is_waiting(memory)) {
    simulation_.stop(VerdictKind::overlap, "memory that waits for a grace period is nobody's yet",
                     "free memory", "memory that waits");
  }
  if (readers_.any_left(last->readers)) {
    simulation_.stop(VerdictKind::grace_period,
                     "memory is used again after all readers who were inside when it was freed",
                     "no reader", "one who was inside");
  }
  last->over = true;
}

void ReclaimWorld::put(Thing* thing, How how) {
  const std::uint32_t before = thing->refs.fetch_add(~std::uint32_t{0});
  if (before == 0) {
    simulation_.stop(VerdictKind::refcount, "who has a reference finds it counted", "at least 1",
                     "0");
  }
  if (before == 1) retire(thing, how);
}

void ReclaimWorld::retire(Thing* thing, How how) {
  if (is_typesafe()) return subject_->kfree_nolock(thing);
  const bool by_callback = how == How::callback;
  const std::uint32_t index = retired_.add({.thing = thing,
                                            .readers = readers_.snapshot(grace()),
                                            .kind = grace(),
                                            .by_callback = by_callback});
  thing->record = index;
  void* const head = shape_.head_of(thing);
  if (by_callback) {
    subject_->call_nolock(grace(), &thing->callback, [](CallbackHead* callback) {
      auto* const called = reinterpret_cast<Thing*>(reinterpret_cast<std::byte*>(callback) -
                                                    offsetof(Thing, callback));
      called->world->call_back(called);
    });
  } else if (scheme_ == Scheme::srcu_fast) {
    subject_->kfree_srcu_fast_nolock(head);
  } else if (how == How::head_spinning) {
    subject_->kfree_rcu(head);
  } else {
    subject_->kfree_rcu_nolock(head);
  }
  if (ReclaimRetired::Record* const record = retired_.at(index)) record->handed = true;
}

/// In a worker, after a grace period.
void ReclaimWorld::call_back(Thing* thing) {
  ReclaimRetired::Record* const record = retired_.at(thing->record);
  if (thing->watchers != 0 || (record != nullptr && readers_.any_left(record->readers))) {
    simulation_.stop(VerdictKind::grace_period,
                     "a callback is called after all readers who were inside", "no reader",
                     "one who was inside");
  }
  if (!shape_.is_intact(thing, thing->serial)) {
    simulation_.stop(VerdictKind::content,
                     "nothing but the head changes before the grace period is over",
                     "the content that was written", "something else");
  }
  if (record != nullptr) {
    if (record->over) {
      simulation_.stop(VerdictKind::double_free, "a callback is called once", "once", "twice");
    }
    record->over = true;
  }
  subject_->kfree_nolock(thing);
}

}  // namespace anyctx::target
