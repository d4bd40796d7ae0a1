// SlabWorld: deliberate misuse that the allocator has to report.
#include <fmt/format.h>

#include "fuzzers/targets/slab_caller.h"
#include "fuzzers/targets/slab_world.h"
#include "lib/machine/raw.h"

namespace anyctx::target {

using engine::Outcome;
using inject::VerdictKind;

namespace {

/// Changes a byte that sanitizers know as free.
void damage_byte(void* object, std::size_t offset) {
  auto* const byte = static_cast<std::uint8_t*>(object) + offset;
  const auto* const word = reinterpret_cast<const std::uint64_t*>(
      reinterpret_cast<std::uintptr_t>(byte) & ~std::uintptr_t{7});
  const std::uint64_t bits = machine::raw::load_hidden(word)
                             << 8 * (7 - reinterpret_cast<std::uintptr_t>(byte) % 8);
  machine::raw::fill_hidden(byte, static_cast<std::uint8_t>(~(bits >> 56)), 1);
}

}  // namespace

CacheView SlabWorld::cache_of(const SlabObject& object) const {
  const SlabId slab = inspector_.slab_of_page(inspector_.page_of(object.address));
  return slab == kNoSlab ? CacheView{} : inspector_.cache(inspector_.slab(slab).cache);
}

bool SlabWorld::is_on_freelist(const void* object) const {
  const SlabId id = inspector_.slab_of_page(inspector_.page_of(object));
  if (id == kNoSlab) return false;
  const SlabView slab = inspector_.slab(id);
  for (const void* free = slab.freelist; free != nullptr;
       free = inspector_.next_free(slab.cache, free)) {
    if (free == object) return true;
  }
  return false;
}

/// Frees an object twice before the deferred work that the first free became can run.
Outcome SlabWorld::double_free(unsigned slot) {
  SlabObject object;
  if (damage_.outstanding() || !take(slot, object, Freer::kfree_nolock)) {
    return {Outcome::Kind::vacuous};
  }
  const Caller caller(caller_flag::irqs_off);
  release(object, Freer::kfree_nolock);
  const bool again = object.origin != Origin::nothing && !damage_.outstanding() &&
                     !deferral_.barrier_in_progress() && inspector_.is_deferred(object.address);
  if (again && damage_.expect(machine::Bug::double_free)) {
    ledger_.begin_call();
    subject_->kfree_nolock(object.address);
    ledger_.end_call();
    if (!damage_.was_reported()) {
      simulation_.stop(VerdictKind::double_free,
                       "an object that is freed again before its deferred free ran is reported",
                       "a report", "none");
    }
  }
  return {Outcome::Kind::done, again ? 1u : 0u};
}

/// Frees an object of a debug cache, and writes to it. Whoever allocates it will find out.
Outcome SlabWorld::write_after_free(unsigned slot, std::uint32_t byte) {
  SlabObject object;
  if (damage_.outstanding()) return {Outcome::Kind::vacuous};
  const bool taken = ledger_.slots().take(slot, object, [this](const SlabObject& held) {
    if (held.origin == Origin::nothing || !model::may_free(held.origin, Freer::kfree)) return false;
    const bool ctor = held.origin == Origin::cache && caches_.record(held.cache).ctor;
    // What is in an accounted cache, provoke_report() would have to pay for.
    const CacheView cache = cache_of(held);
    return may_touch(held) && !ctor && cache.poison && !cache.accounted;
  });
  if (!taken) return {Outcome::Kind::vacuous};
  release(object, Freer::kfree);
  // Others may have taken the object since, or be about to, or have given its slab back.
  const bool still_free = ledger_.alone() && !damage_.outstanding() &&
                          !ledger_.is_held(object.address) && is_on_freelist(object.address);
  if (!still_free || !damage_.expect(machine::Bug::poison_overwritten)) return {};
  damage_byte(object.address, byte % object.usable);
  damage_.plant(object.address, object.cache);
  if (!has_user(damage_.planted_slab())) damage_.doubt();
  return {Outcome::Kind::done, 1};
}

/// Writes one byte behind an object of a cache with red zones, and frees it.
Outcome SlabWorld::write_past_end(unsigned slot) {
  SlabObject object;
  if (damage_.outstanding()) return {Outcome::Kind::vacuous};
  const bool taken = ledger_.slots().take(slot, object, [this](const SlabObject& held) {
    if (held.origin == Origin::nothing || !model::may_free(held.origin, Freer::kfree)) return false;
    if (!may_touch(held) || !cache_of(held).red_zone) return false;
    // What is given up is checked no more.
    return !damage_.is_given_up(inspector_.slab_of_page(inspector_.page_of(held.address)));
  });
  if (!taken || !damage_.expect(machine::Bug::redzone_overwritten)) {
    return {Outcome::Kind::vacuous};
  }
  const bool of_cache = object.origin == Origin::cache;
  ledger_.verify(object);
  damage_byte(object.address, object.usable);
  // Reported objects are leaked: they stay held, by nobody.
  damage_.leak();
  if (of_cache) {
    caches_.record(object.cache).users.enter();
    ++caches_.record(object.cache).leaked;
    --caches_.record(object.cache).live;
  }
  ledger_.begin_call();
  subject_->kfree(object.address);
  ledger_.end_call();
  if (of_cache) caches_.record(object.cache).users.leave();
  if (!damage_.was_reported()) {
    simulation_.stop(VerdictKind::poison,
                     "a write past the end of an object is reported when the object is freed",
                     "a report", "none");
  }
  return {};
}

/// Frees an object by a function that must refuse it. The object stays in use.
Outcome SlabWorld::wrong_free(unsigned slot) {
  SlabObject object;
  if (damage_.outstanding()) return {Outcome::Kind::vacuous};
  const auto other_cache = [this](const SlabObject& held) {
    for (unsigned name = 0; name < kNamedCaches; ++name) {
      const std::uint16_t index = caches_.usable(name);
      if (index != CacheTable::kNone && index != held.cache) return index;
    }
    return CacheTable::kNone;
  };
  const bool taken = ledger_.slots().take(slot, object, [&](const SlabObject& held) {
    if (held.origin == Origin::large) return true;
    return held.origin == Origin::cache && may_touch(held) &&
           other_cache(held) != CacheTable::kNone;
  });
  if (!taken || !damage_.expect(machine::Bug::invalid_free)) return {Outcome::Kind::vacuous};
  ledger_.begin_call();
  if (object.origin == Origin::large) {
    // Somewhere inside.
    subject_->kfree_nolock(static_cast<std::byte*>(object.address) + 64);
  } else {
    const std::uint16_t other = other_cache(object);
    caches_.record(object.cache).users.enter();
    caches_.record(other).users.enter();
    subject_->kmem_cache_free(caches_.record(other).handle, object.address);
    caches_.record(other).users.leave();
    caches_.record(object.cache).users.leave();
  }
  ledger_.end_call();
  if (!damage_.was_reported()) {
    simulation_.stop(VerdictKind::invalid_free,
                     "a free that does not fit the allocation is reported", "a report", "none");
  }
  ledger_.verify(object);
  put_back(slot, object);
  return {};
}

/// Allocates until planted damage is found.
void SlabWorld::provoke_report() {
  constexpr unsigned kMostObjects = 2000;
  for (unsigned i = 0; i < kMostObjects && damage_.planted(); ++i) {
    if (!is_on_freelist(damage_.planted_object())) break;
    const CacheHandle cache = damage_.planted_cache();
    const CacheView view = inspector_.cache(cache);
    const auto node = static_cast<int>(inspector_.slab(damage_.planted_slab()).node);
    AllocCall call;
    call.cache = damage_.record();
    call.origin = call.cache == CacheTable::kNone ? Origin::kmalloc : Origin::cache;
    call.size = view.object_size;
    call.node = node;
    call.gfp = page::gfp::kernel | page::gfp::thisnode;
    if (view.reclaimable && call.origin == Origin::kmalloc) call.gfp |= page::gfp::reclaimable;
    SlabObject object;
    if (request(call, object).kind != Outcome::Kind::done) break;
    put_back(0, object);
  }
  if (damage_.planted()) damage_.judge_unreported();
}

}  // namespace anyctx::target
