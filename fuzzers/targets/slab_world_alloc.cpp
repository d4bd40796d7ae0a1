// SlabWorld: allocations.
#include <fmt/format.h>

#include "fuzzers/targets/slab_constructor.h"
#include "fuzzers/targets/slab_world.h"

namespace anyctx::target {

using engine::Outcome;
using inject::Lane;
using inject::LaneKind;
using inject::VerdictKind;

namespace {

// Own steps of an undisturbed nolock allocation.
constexpr std::uint32_t kMostAllocSteps = 1000;

/// What a request for no bytes yields, by the kernel's definition.
const void* const kZeroSize = reinterpret_cast<const void*>(16);

page::Gfp flags_of(std::uint32_t flags) {
  page::Gfp gfp = page::Gfp::none;
  if ((flags & alloc_flag::zero) != 0) gfp |= page::gfp::zero;
  if ((flags & alloc_flag::account) != 0) gfp |= page::gfp::account;
  if ((flags & alloc_flag::reclaimable) != 0) gfp |= page::gfp::reclaimable;
  return gfp;
}

}  // namespace

int SlabWorld::node_of(std::uint32_t argument) const {
  return argument < options_.nodes ? static_cast<int>(argument) : -1;
}

/// The flags of an allocation that may spin, as far as its context allows them.
page::Gfp SlabWorld::gfp_of(std::uint32_t flags, Lane lane, int node) const {
  page::Gfp gfp = flags_of(flags);
  if ((flags & alloc_flag::nowait) != 0) {
    gfp |= page::gfp::nowait;
  } else {
    gfp |= lane.kind == LaneKind::task ? page::gfp::kernel : page::gfp::atomic;
  }
  if ((flags & alloc_flag::thisnode) != 0 && node >= 0) gfp |= page::gfp::thisnode;
  return gfp;
}

Outcome SlabWorld::kmalloc(const Args& args, unsigned slot, Lane lane) {
  AllocCall call;
  call.size = args[0];
  call.origin = model::KmallocContract::is_cached(call.size) ? Origin::kmalloc : Origin::large;
  if (call.size == 0) call.origin = Origin::nothing;
  call.node = node_of(args[2]);
  call.gfp = gfp_of(args[1], lane, call.node);
  return allocate(call, slot);
}

Outcome SlabWorld::kmalloc_nolock(const Args& args, unsigned slot) {
  AllocCall call;
  call.nolock = true;
  call.size = args[0];
  call.origin = call.size == 0                                 ? Origin::nothing
                : model::KmallocContract::is_cached(call.size) ? Origin::kmalloc_nolock
                                                               : Origin::large;
  call.gfp = flags_of(args[1] & (alloc_flag::zero | alloc_flag::account));
  call.node = node_of(args[2]);
  return allocate(call, slot);
}

Outcome SlabWorld::kmem_cache_alloc(const Args& args, unsigned slot, Lane lane) {
  AllocCall call;
  call.cache = caches_.usable(args[0]);
  if (call.cache == CacheTable::kNone) return {Outcome::Kind::vacuous};
  const CacheRecord& record = caches_.record(call.cache);
  call.origin = Origin::cache;
  call.size = record.size;
  call.node = node_of(args[2]);
  std::uint32_t flags = args[1] & ~alloc_flag::reclaimable;
  if (record.ctor) flags &= ~alloc_flag::zero;  // the constructor's bytes are meant to stay
  call.gfp = gfp_of(flags, lane, call.node);
  return allocate(call, slot);
}

Outcome SlabWorld::kmem_cache_alloc_nolock(const Args& args, unsigned slot) {
  AllocCall call;
  call.cache = caches_.usable(args[0]);
  if (call.cache == CacheTable::kNone) return {Outcome::Kind::vacuous};
  const CacheRecord& record = caches_.record(call.cache);
  call.origin = Origin::cache;
  call.nolock = true;
  call.size = record.size;
  call.node = node_of(args[2]);
  std::uint32_t flags = args[1] & (alloc_flag::zero | alloc_flag::account);
  if (record.ctor) flags &= ~alloc_flag::zero;
  call.gfp = flags_of(flags);
  return allocate(call, slot);
}

Outcome SlabWorld::alloc_pages(const Args& args, unsigned slot, Lane lane, bool nolock) {
  AllocCall call;
  call.origin = Origin::pages;
  call.nolock = nolock;
  call.order = args[0];
  call.node = node_of(args[2]);
  call.gfp = nolock ? flags_of(args[1]) & page::gfp::account : gfp_of(args[1], lane, call.node);
  return allocate(call, slot);
}

Outcome SlabWorld::allocate(const AllocCall& call, unsigned slot) {
  SlabObject object;
  const Outcome outcome = request(call, object);
  if (call.nolock) check_steps(kMostAllocSteps);
  if (outcome.kind == Outcome::Kind::done) put_back(slot, object);
  return outcome;
}

Outcome SlabWorld::request(const AllocCall& call, SlabObject& object) {
  AllocJudge::Before before = judge_.look(call);
  const MemcgJudge::Before charge = memcg_.look(call);
  before.room = before.room && charge.room;
  const bool of_cache = call.origin == Origin::cache;
  ledger_.begin_call();
  if (of_cache) caches_.record(call.cache).users.enter();
  void* const memory = call_alloc(call);
  if (of_cache) caches_.record(call.cache).users.leave();
  ledger_.end_call();
  note_damage_report();

  if (call.origin == Origin::nothing && memory != kZeroSize) {
    simulation_.stop(VerdictKind::error_code, "a request for no bytes yields the sentinel",
                     "the sentinel", memory == nullptr ? "null" : "memory");
  }
  if (memory == nullptr) {
    judge_.judge_null(call, before);
    memcg_.judge_null(charge);
    return {Outcome::Kind::failed};
  }
  object.address = memory;
  object.origin = call.origin;
  object.order = static_cast<std::uint8_t>(call.order);
  object.cache = call.cache;
  if (call.origin != Origin::nothing) {
    object.usable = judge_.judge_memory(call, before, memory);
    object.size =
        call.origin == Origin::pages ? object.usable : static_cast<std::uint32_t>(call.size);
    object.payer = memcg_.judge_memory(call, charge, memory);
  }
  if (of_cache) {
    check_constructed(call, memory);
    ++caches_.record(call.cache).live;
  }
  ledger_.receive(object);
  return {Outcome::Kind::done, object.usable};
}

void* SlabWorld::call_alloc(const AllocCall& call) {
  switch (call.origin) {
    case Origin::cache:
      if (call.sheaf != nullptr) {
        return subject_->kmem_cache_alloc_from_sheaf(caches_.record(call.cache).handle, call.gfp,
                                                     call.sheaf);
      }
      return call.nolock ? subject_->kmem_cache_alloc_nolock(caches_.record(call.cache).handle,
                                                             call.gfp, call.node)
                         : subject_->kmem_cache_alloc(caches_.record(call.cache).handle, call.gfp,
                                                      call.node);
    case Origin::pages:
      return call.nolock ? subject_->alloc_pages_nolock(call.gfp, call.node, call.order)
                         : subject_->alloc_pages(call.gfp, call.node, call.order);
    default:
      return call.nolock ? subject_->kmalloc_nolock(call.size, call.gfp, call.node)
                         : subject_->kmalloc(call.size, call.gfp, call.node);
  }
}

void SlabWorld::check_constructed(const AllocCall& call, const void* memory) const {
  if (!caches_.record(call.cache).ctor || is_constructed(memory)) return;
  simulation_.stop(VerdictKind::content, "an object of a cache with a constructor is constructed",
                   "the constructor's word", "other bytes");
}

}  // namespace anyctx::target
