// SlabWorld: sheaves that users fill in advance.
#include <fmt/format.h>

#include "fuzzers/targets/slab_world.h"

namespace anyctx::target {

using engine::Outcome;
using inject::Lane;
using inject::VerdictKind;

namespace {

/// Flags that say how to find memory for a sheaf.
std::uint32_t filling(std::uint32_t flags) {
  return flags & alloc_flag::nowait;
}

}  // namespace

/// While a user has a sheaf of a cache, he is a user of the cache.
Outcome SlabWorld::prefill_sheaf(const Args& args, unsigned slot, Lane lane) {
  SlabObject sheaf;
  sheaf.cache = caches_.usable(args[0]);
  if (!options_.sheaves || sheaf.cache == CacheTable::kNone) return {Outcome::Kind::vacuous};
  sheaf.origin = Origin::sheaf;
  CacheRecord& record = caches_.record(sheaf.cache);
  ledger_.begin_call();
  record.users.enter();
  const SheafId id = subject_->kmem_cache_prefill_sheaf(
      record.handle, gfp_of(filling(args[2]), lane, -1), args[1]);
  ledger_.end_call();
  note_damage_report();
  if (id == nullptr) {
    record.users.leave();
    if (simulation_.causes().count() != 0) return {Outcome::Kind::failed};
    simulation_.stop(VerdictKind::spurious_failure, "a sheaf that is not filled has a cause",
                     "a cause", "null without one");
  }
  sheaf.address = const_cast<void*>(id);
  check_filled(sheaf, args[1]);
  put_back(slot, sheaf);
  return {};
}

bool SlabWorld::take_sheaf(unsigned slot, SlabObject& sheaf) {
  return ledger_.slots().take(slot, sheaf,
                              [](const SlabObject& held) { return held.origin == Origin::sheaf; });
}

void SlabWorld::check_filled(const SlabObject& sheaf, std::uint32_t count) const {
  const SheafView view = inspector_.sheaf(sheaf.address);
  if (view.size >= count && view.size <= view.capacity) return;
  simulation_.stop(VerdictKind::difference, "a sheaf that is filled has as many objects as wanted",
                   fmt::format("at least {}, at most {}", count, view.capacity),
                   fmt::format("{}", view.size));
}

Outcome SlabWorld::alloc_from_sheaf(const Args& args, unsigned slot, Lane lane) {
  SlabObject sheaf;
  if (!take_sheaf(args[0], sheaf)) return {Outcome::Kind::vacuous};
  const CacheRecord& record = caches_.record(sheaf.cache);
  AllocCall call;
  call.origin = Origin::cache;
  call.cache = sheaf.cache;
  call.size = record.size;
  call.sheaf = sheaf.address;
  call.gfp = gfp_of(args[1] & (record.ctor ? 0 : alloc_flag::zero), lane, -1);
  const std::uint32_t left = inspector_.sheaf(sheaf.address).size;
  SlabObject object;
  const Outcome outcome = request(call, object);
  const bool served = outcome.kind == Outcome::Kind::done;
  const std::uint32_t now = inspector_.sheaf(sheaf.address).size;
  if (now + (served ? 1 : 0) != left) {
    simulation_.stop(VerdictKind::counter, "a sheaf has one object less for each that it gave",
                     fmt::format("{} objects", left - (served ? 1 : 0)), fmt::format("{}", now));
  }
  put_back(args[0], sheaf);
  if (served) put_back(slot, object);
  return outcome;
}

Outcome SlabWorld::refill_sheaf(const Args& args, Lane lane) {
  SlabObject sheaf;
  if (!take_sheaf(args[0], sheaf)) return {Outcome::Kind::vacuous};
  SheafId id = sheaf.address;
  const std::uint32_t before = inspector_.sheaf(id).size;
  ledger_.begin_call();
  const bool filled = subject_->kmem_cache_refill_sheaf(
      caches_.record(sheaf.cache).handle, gfp_of(filling(args[2]), lane, -1), id, args[1]);
  ledger_.end_call();
  note_damage_report();
  sheaf.address = const_cast<void*>(id);
  check_filled(sheaf, filled ? args[1] : before);
  put_back(args[0], sheaf);
  return {filled ? Outcome::Kind::done : Outcome::Kind::failed};
}

Outcome SlabWorld::return_sheaf(unsigned slot) {
  SlabObject sheaf;
  if (!take_sheaf(slot, sheaf)) return {Outcome::Kind::vacuous};
  give_back(sheaf);
  return {};
}

void SlabWorld::give_back(const SlabObject& sheaf) {
  CacheRecord& record = caches_.record(sheaf.cache);
  ledger_.begin_call();
  subject_->kmem_cache_return_sheaf(record.handle, sheaf.address);
  record.users.leave();
  ledger_.end_call();
  note_damage_report();
}

}  // namespace anyctx::target
