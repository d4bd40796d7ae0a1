// SlabWorld: caches as a whole, and the barrier.
#include <fmt/format.h>

#include <bit>

#include "fuzzers/targets/slab_constructor.h"
#include "fuzzers/targets/slab_world.h"
#include "lib/machine/check.h"

namespace anyctx::target {

using engine::Outcome;
using inject::VerdictKind;

namespace {

constexpr std::string_view kNames[kNamedCaches] = {"cache0", "cache1", "cache2", "cache3"};

CacheSpec spec_of(std::string_view name, std::uint32_t size, std::uint32_t align,
                  std::uint32_t flags) {
  CacheSpec spec;
  spec.name = name;
  spec.size = size;
  spec.align = align;
  spec.debug.red_zone = (flags & cache_flag::red_zone) != 0;
  spec.debug.poison = (flags & cache_flag::poison) != 0;
  spec.debug.store_user = (flags & cache_flag::store_user) != 0;
  spec.debug.consistency = (flags & cache_flag::consistency) != 0;
  spec.reclaimable = (flags & cache_flag::reclaimable) != 0;
  const bool has_room = size >= sizeof kConstructed;
  if ((flags & cache_flag::ctor) != 0 && has_room) spec.constructor = construct_object;
  return spec;
}

}  // namespace

Outcome SlabWorld::kmem_cache_create(const Args& args) {
  if (caches_.named(args[0]) != CacheTable::kNone) return {Outcome::Kind::vacuous};
  const std::uint16_t index = caches_.begin_create(args[0]);
  if (index == CacheTable::kNone) return {Outcome::Kind::vacuous};
  const CacheSpec spec = spec_of(kNames[args[0]], args[1], args[2], args[3]);
  const bool possible =
      spec.size != 0 && (spec.align == 0 || (std::has_single_bit(spec.align) &&
                                             spec.align <= inspector_.page_bytes()));

  AllocCall structure;
  structure.origin = Origin::kmalloc;
  structure.gfp = page::gfp::kernel;
  const AllocJudge::Before before = judge_.look(structure);
  ledger_.begin_call();
  const CacheHandle handle = subject_->kmem_cache_create(spec);
  ledger_.end_call();
  note_damage_report();

  CacheRecord& record = caches_.record(index);
  if (handle == nullptr) {
    record.state = CacheRecord::State::gone;
    caches_.forget_name(index);
    if (possible) judge_.judge_no_cache(structure, before);
    return {Outcome::Kind::failed};
  }
  if (!possible) {
    simulation_.stop(VerdictKind::error_code, "an impossible cache is not created", "null",
                     fmt::format("objects of {} bytes, aligned to {}", spec.size, spec.align));
  }
  record.users.open();
  record.state = CacheRecord::State::alive;
  record.handle = handle;
  record.size = spec.size;
  record.align = spec.align;
  record.ctor = spec.constructor != nullptr;
  return {};
}

Outcome SlabWorld::kmem_cache_shrink(unsigned name) {
  const std::uint16_t index = caches_.usable(name);
  if (index == CacheTable::kNone) return {Outcome::Kind::vacuous};
  CacheRecord& record = caches_.record(index);
  record.users.enter();
  const bool empty = shrink(record.handle, false);
  record.users.leave();
  return {Outcome::Kind::done, empty ? 1u : 0u};
}

Outcome SlabWorld::shrink_bucket(std::size_t size) {
  return {Outcome::Kind::done, shrink(inspector_.bucket(size), true) ? 1u : 0u};
}

bool SlabWorld::shrink(CacheHandle cache, bool is_bucket) {
  // Workers of other CPUs take part, so that the call counts as disturbed. What matters is that
  // nobody else allocated or freed.
  const bool alone = ledger_.alone() && !deferral_.has_any();
  ledger_.begin_call();
  const std::uint64_t begun = ledger_.begun();
  const bool empty = subject_->kmem_cache_shrink(cache);
  ledger_.end_call();
  note_damage_report();
  if (!alone || ledger_.begun() != begun) return empty;
  std::int64_t slabs = 0;
  for (unsigned node = 0; node < inspector_.nodes(); ++node) {
    slabs += inspector_.node(cache, node).slabs;
  }
  if (empty != (slabs == 0)) {
    simulation_.stop(VerdictKind::error_code, "shrinking says whether slabs remain",
                     fmt::format("{} slabs", slabs), empty ? "none" : "some");
  }
  if (!is_bucket || strictness_.shrink_empties_buckets) check_nothing_cached(cache);
  return empty;
}

void SlabWorld::check_nothing_cached(CacheHandle cache) const {
  const bool has_sheaves = inspector_.sheaf_capacity(cache) != 0;
  for (unsigned cpu = 0; cpu < simulation_.config().cpus; ++cpu) {
    const CpuView view = inspector_.cpu(cache, cpu);
    const char* found = view.slab != kNoSlab || view.first_partial != kNoSlab ? "a slab" : nullptr;
    if (has_sheaves) {
      const CpuSheavesView sheaves = inspector_.cpu_sheaves(cache, cpu);
      if (sheaves.spare != nullptr || inspector_.sheaf(sheaves.main).size != 0) found = "a sheaf";
    }
    if (found == nullptr) continue;
    simulation_.stop(VerdictKind::structure, "shrinking takes what every CPU has cached",
                     fmt::format("nothing on CPU {}", cpu), found);
  }
  for (unsigned node = 0; has_sheaves && node < inspector_.nodes(); ++node) {
    const BarnView barn = inspector_.barn(cache, node);
    if (barn.full == 0 && barn.empty == 0) continue;
    simulation_.stop(VerdictKind::structure, "shrinking takes what every node has cached",
                     fmt::format("nothing on node {}", node),
                     fmt::format("{} sheaves", barn.full + barn.empty));
  }
}

Outcome SlabWorld::kmem_cache_destroy(unsigned name) {
  const std::uint16_t index = caches_.usable(name);
  if (index == CacheTable::kNone || damage_.outstanding()) return {Outcome::Kind::vacuous};
  // Nobody else may use a cache that is destroyed.
  if (caches_.record(index).users.any()) return {Outcome::Kind::vacuous};
  destroy(index);
  return {Outcome::Kind::done, caches_.record(index).state == CacheRecord::State::gone ? 1u : 0u};
}

void SlabWorld::destroy(std::uint16_t index) {
  CacheRecord& record = caches_.record(index);
  const std::uint32_t left = record.live + record.leaked;
  record.state = CacheRecord::State::dying;
  if (left != 0) ANYCTX_CHECK(damage_.expect(machine::Bug::cache_in_use));
  ledger_.begin_call();
  const SlabDeferral::Pending pending = deferral_.begin_barrier();
  const bool gone = subject_->kmem_cache_destroy(record.handle);
  deferral_.end_barrier(pending);
  ledger_.end_call();
  caches_.forget_name(index);
  const bool reported = left != 0 && damage_.was_reported();
  if (gone != (left == 0) || reported != (left != 0)) {
    simulation_.stop(
        VerdictKind::conservation,
        "a cache is destroyed if none of its objects is in use, and reported if not",
        fmt::format("{} objects in use", left),
        fmt::format("{}, {}", gone ? "destroyed" : "kept", reported ? "reported" : "not reported"));
  }
  record.state = gone ? CacheRecord::State::gone : CacheRecord::State::kept;
  if (gone) check_unreferenced(record.handle);
}

void SlabWorld::check_unreferenced(CacheHandle cache) const {
  for (SlabId id = inspector_.next_slab(0); id != kNoSlab;) {
    const SlabView slab = inspector_.slab(id);
    if (slab.cache == cache) {
      simulation_.stop(VerdictKind::use_after_destroy, "nothing refers to a destroyed cache",
                       "no slab", fmt::format("a slab at page {}", id));
    }
    id = inspector_.next_slab(id + (1u << slab.order));
  }
}

Outcome SlabWorld::barrier() {
  // A double free in progress relies on the first one staying deferred.
  if (damage_.outstanding() && !damage_.planted()) return {Outcome::Kind::vacuous};
  ledger_.begin_call();
  const SlabDeferral::Pending pending = deferral_.begin_barrier();
  subject_->deferred_work_barrier();
  deferral_.end_barrier(pending);
  ledger_.end_call();
  return {};
}

}  // namespace anyctx::target
