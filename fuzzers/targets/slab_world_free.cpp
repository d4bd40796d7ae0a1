// SlabWorld: frees, and what else is done with objects.
#include <fmt/format.h>

#include "fuzzers/targets/slab_constructor.h"
#include "fuzzers/targets/slab_world.h"
#include "lib/machine/check.h"

namespace anyctx::target {

using engine::Outcome;
using inject::VerdictKind;

namespace {

// Own steps of an undisturbed nolock free.
constexpr std::uint32_t kMostFreeSteps = 100;

bool is_slab_object(const SlabObject& object) {
  return object.origin == Origin::kmalloc || object.origin == Origin::kmalloc_nolock ||
         object.origin == Origin::cache;
}

}  // namespace

/// False while the object's cache is being destroyed.
bool SlabWorld::may_touch(const SlabObject& object) const {
  if (object.origin != Origin::cache) return true;
  return caches_.record(object.cache).state != CacheRecord::State::dying;
}

bool SlabWorld::take(unsigned slot, SlabObject& object, Freer freer) {
  return ledger_.slots().take(slot, object, [&](const SlabObject& held) {
    if (!may_free(held, freer) || !may_touch(held)) return false;
    if (freer != Freer::kmem_cache_free && freer != Freer::kmem_cache_free_nolock) return true;
    return caches_.record(held.cache).state == CacheRecord::State::alive;
  });
}

void SlabWorld::put_back(unsigned slot, const SlabObject& object) {
  ANYCTX_CHECK(ledger_.slots().push(slot, object));
}

Outcome SlabWorld::free(unsigned slot, Freer freer) {
  SlabObject object;
  if (!take(slot, object, freer)) return {Outcome::Kind::vacuous};
  const bool in_slab = is_slab_object(object);
  const std::uint32_t version = in_slab ? deferral_.version(object.address) : 0;
  const bool has_place = in_slab && model::may_defer(freer) && judge_.has_place(object.address);
  release(object, freer);
  const bool deferred = in_slab && inspector_.is_deferred(object.address);
  if (model::may_defer(freer) || freer == Freer::free_pages_nolock) {
    check_steps(kMostFreeSteps);
    if (deferred && has_place) judge_.judge_deferred();
  } else if (deferred && deferral_.version(object.address) == version) {
    simulation_.stop(VerdictKind::difference, "an ordinary free is done when it returns", "free",
                     "deferred");
  }
  return {Outcome::Kind::done, deferred ? 1u : 0u};
}

void SlabWorld::release(const SlabObject& object, Freer freer) {
  memcg_.check_paid(object);
  hand_back(object);
  const bool of_cache = object.origin == Origin::cache;
  const bool may_defer = model::may_defer(freer) && object.origin != Origin::nothing;
  ledger_.begin_call();
  if (of_cache) caches_.record(object.cache).users.enter();
  if (may_defer) deferral_.begin_free(object.address);
  call_free(object, freer);
  if (may_defer) deferral_.end_free(object.address);
  if (of_cache) {
    caches_.record(object.cache).users.leave();
    --caches_.record(object.cache).live;
  }
  ledger_.end_call();
  note_damage_report();
}

void SlabWorld::call_free(const SlabObject& object, Freer freer) {
  switch (freer) {
    case Freer::kfree:
      return subject_->kfree(object.address);
    case Freer::kfree_nolock:
      return subject_->kfree_nolock(object.address);
    case Freer::kmem_cache_free:
      return subject_->kmem_cache_free(caches_.record(object.cache).handle, object.address);
    case Freer::kmem_cache_free_nolock:
      return subject_->kmem_cache_free_nolock(caches_.record(object.cache).handle, object.address);
    case Freer::free_pages:
      return subject_->free_pages(object.address, object.order);
    case Freer::free_pages_nolock:
      return subject_->free_pages_nolock(object.address, object.order);
  }
}

/// What a user does before he frees.
void SlabWorld::hand_back(const SlabObject& object) {
  ledger_.hand_back(object);
  if (object.origin == Origin::cache && caches_.record(object.cache).ctor) {
    construct_object(object.address);
  }
  if (!damage_.planted() || !is_slab_object(object)) return;
  const SlabId slab = inspector_.slab_of_page(inspector_.page_of(object.address));
  if (slab == damage_.planted_slab() && !has_user(slab)) damage_.doubt();
}

/// Whether somebody will go on holding an object of the slab.
bool SlabWorld::has_user(SlabId slab) const {
  bool found = false;
  ledger_.slots().for_each([&](const SlabObject& object) {
    found = found || (is_slab_object(object) &&
                      inspector_.slab_of_page(inspector_.page_of(object.address)) == slab);
  });
  return found;
}

/// Planted damage may have been found by anything that allocates, or gives slabs back.
void SlabWorld::note_damage_report() {
  if (!damage_.look(ledger_.alone())) return;
  if (damage_.record() != CacheTable::kNone) ++caches_.record(damage_.record()).leaked;
}

Outcome SlabWorld::ksize(unsigned slot) {
  SlabObject object;
  const bool taken = ledger_.slots().take(slot, object, [this](const SlabObject& held) {
    return held.origin != Origin::pages && held.origin != Origin::sheaf && may_touch(held);
  });
  if (!taken) return {Outcome::Kind::vacuous};
  const bool of_cache = object.origin == Origin::cache;
  ledger_.begin_call();
  if (of_cache) caches_.record(object.cache).users.enter();
  const std::size_t size = subject_->ksize(object.address);
  if (of_cache) caches_.record(object.cache).users.leave();
  ledger_.end_call();
  const bool is_right =
      strictness_.ksize_is_object_size ? size == object.usable : size >= object.usable;
  if (!is_right) {
    std::string expected = fmt::format("{} bytes", object.usable);
    simulation_.stop(VerdictKind::difference, "ksize is the size of the object that was handed out",
                     std::move(expected), fmt::format("{}", size));
  }
  if (object.origin != Origin::nothing) {
    ledger_.verify(object);
    ledger_.grow(object, object.usable);
  }
  put_back(slot, object);
  return {Outcome::Kind::done, size};
}

}  // namespace anyctx::target
