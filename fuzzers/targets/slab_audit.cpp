#include "fuzzers/targets/slab_audit.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/machine/check.h"

namespace anyctx::target {

using inject::VerdictKind;

namespace {

constexpr unsigned kMostNodes = 4;
// How many empty slabs more than it may a node keeps when several frames at once found that one
// more was fine.
constexpr std::int64_t kRacingSlabs = 4;

}  // namespace

void SlabAudit::stop(VerdictKind kind, const char* rule, std::string expected,
                     std::string found) const {
  simulation_.stop(kind, rule, std::move(expected), std::move(found));
}

std::string SlabAudit::name(SlabId slab) const {
  const SlabView view = inspector_.slab(slab);
  return fmt::format("slab at page {} of {} ({} of {} objects in use{})", slab,
                     inspector_.cache(view.cache).name, view.inuse, view.objects,
                     view.frozen ? ", frozen" : "");
}

void SlabAudit::run(const SlabOptions& options, const SlabStrictness& strictness) {
  strictness_ = strictness;
  encoded_ = options.encoded_freelist;
  barn_limit_ = options.barn_limit;
  const std::uint32_t pages = inspector_.page_count();
  places_.assign(pages, Place::nowhere);
  cpu_freelists_.assign(pages, nullptr);
  known_.clear();
  for (CacheHandle cache = inspector_.first_cache(); cache != nullptr;
       cache = inspector_.next_cache(cache)) {
    known_.push_back(cache);
  }
  for (std::uint16_t i = 0; i < caches_.count(); ++i) {
    if (caches_.record(i).state == CacheRecord::State::kept) {
      known_.push_back(caches_.record(i).handle);
    }
  }
  tallies_.assign(known_.size() * kMostNodes, {});
  slab_pages_ = 0;
  held_objects_ = 0;

  sheaves_.clear();
  sheaf_objects_.clear();
  for (const CacheHandle cache : known_) {
    place_slabs(cache);
    collect_sheaves(cache);
  }
  collect_users_sheaves();
  check_collected();
  for (SlabId id = inspector_.next_slab(0); id != kNoSlab;) {
    const SlabView slab = inspector_.slab(id);
    count_slab(id, slab);
    check_slab(id, slab);
    id = inspector_.next_slab(id + (1u << slab.order));
  }
  if (held_objects_ != ledger_.held_objects()) {
    stop(VerdictKind::conservation, "every object in use is in a slab",
         fmt::format("{} objects in use", ledger_.held_objects()),
         fmt::format("{} in slabs", held_objects_));
  }
  for (const CacheHandle cache : known_) check_counters(cache);
  check_pages();
}

// Lists of slabs.

void SlabAudit::place_slabs(CacheHandle cache) {
  for (unsigned cpu = 0; cpu < simulation_.config().cpus; ++cpu) place_cpu(cache, cpu);
  for (unsigned node = 0; node < inspector_.nodes(); ++node) {
    const NodeView view = inspector_.node(cache, node);
    place_list(cache, node, view.first_partial, Place::partial, view.partial);
    place_list(cache, node, view.first_full, Place::full, UINT32_MAX);
  }
}

void SlabAudit::place_cpu(CacheHandle cache, unsigned cpu) {
  const CpuView view = inspector_.cpu(cache, cpu);
  if (view.slab != kNoSlab) {
    put(view.slab, Place::cpu, cache);
    cpu_freelists_[view.slab] = view.freelist;
  } else if (view.freelist != nullptr) {
    stop(VerdictKind::structure, "a CPU without a slab has no free objects", "no freelist",
         fmt::format("a freelist of {} on cpu{}", inspector_.cache(cache).name, cpu));
  }
  for (SlabId slab = view.first_partial; slab != kNoSlab; slab = inspector_.next_on_chain(slab)) {
    put(slab, Place::chain, cache);
  }
}

void SlabAudit::place_list(CacheHandle cache, unsigned node, SlabId first, Place place,
                           std::uint32_t counted) {
  std::uint32_t length = 0;
  for (SlabId slab = first; slab != kNoSlab; slab = inspector_.next_on_list(slab)) {
    put(slab, place, cache);
    ++length;
    if (inspector_.slab(slab).node == node) continue;
    stop(VerdictKind::placement, "the lists of a node hold its own slabs",
         fmt::format("slabs of node {}", node), name(slab));
  }
  if (counted == UINT32_MAX || counted == length) return;
  stop(VerdictKind::counter, "the number of partly free slabs is the length of their list",
       fmt::format("{} slabs of {} on node {}", length, inspector_.cache(cache).name, node),
       fmt::format("{}", counted));
}

void SlabAudit::put(SlabId slab, Place place, CacheHandle cache) {
  constexpr const char* names[] = {"nowhere", "a CPU's slab", "a CPU's chain",
                                   "a node's list of partly free slabs",
                                   "a node's list of full slabs"};
  if (inspector_.slab_of_page(slab) != slab) {
    stop(VerdictKind::structure, "lists hold slabs", "a slab",
         fmt::format("page {}, which is none, on {}", slab, names[static_cast<unsigned>(place)]));
  }
  if (inspector_.slab(slab).cache != cache) {
    std::string found = name(slab);
    stop(VerdictKind::structure, "a cache's lists hold its own slabs",
         std::string(inspector_.cache(cache).name), std::move(found));
  }
  Place& known = places_[slab];
  if (known != Place::nowhere) {
    std::string expected =
        fmt::format("{} on {} only", name(slab), names[static_cast<unsigned>(known)]);
    stop(VerdictKind::structure, "a slab is in one place", std::move(expected),
         names[static_cast<unsigned>(place)]);
  }
  known = place;
}

// Sheaves.

void SlabAudit::collect_sheaves(CacheHandle cache) {
  if (inspector_.sheaf_capacity(cache) == 0) return;
  for (unsigned cpu = 0; cpu < simulation_.config().cpus; ++cpu) collect_cpu_sheaves(cache, cpu);
  for (unsigned node = 0; node < inspector_.nodes(); ++node) {
    const BarnView barn = inspector_.barn(cache, node);
    const std::uint32_t full = collect_barn_list(cache, barn.first_full, true);
    const std::uint32_t empty = collect_barn_list(cache, barn.first_empty, false);
    if (full != barn.full || empty != barn.empty) {
      stop(VerdictKind::counter, "a barn has as many sheaves as it says",
           fmt::format("{} full, {} empty of {} on node {}", full, empty,
                       inspector_.cache(cache).name, node),
           fmt::format("{} and {}", barn.full, barn.empty));
    }
    if (strictness_.barn_is_bounded && full > barn_limit_) {
      stop(VerdictKind::structure, "a barn keeps few full sheaves",
           fmt::format("{} of {} on node {}", barn_limit_, inspector_.cache(cache).name, node),
           fmt::format("{}", full));
    }
  }
}

void SlabAudit::collect_cpu_sheaves(CacheHandle cache, unsigned cpu) {
  const CpuSheavesView view = inspector_.cpu_sheaves(cache, cpu);
  if (view.main == nullptr) {
    stop(VerdictKind::structure, "a CPU always has a main sheaf", "a sheaf",
         fmt::format("none of {} on cpu{}", inspector_.cache(cache).name, cpu));
  }
  // One that has room for nothing is everybody's.
  if (inspector_.sheaf(view.main).capacity != 0) collect_sheaf(cache, view.main);
  if (inspector_.sheaf(view.main).size > inspector_.sheaf(view.main).capacity) {
    stop(VerdictKind::structure, "a sheaf has no more objects than it has room for", "none",
         "objects in the one that has no room");
  }
  if (view.spare == nullptr) return;
  collect_sheaf(cache, view.spare);
  const SheafView spare = inspector_.sheaf(view.spare);
  if (spare.size == 0 || spare.size == spare.capacity || !strictness_.spare_is_whole) return;
  stop(VerdictKind::structure, "a spare sheaf is empty or full",
       fmt::format("0 or {} objects of {} on cpu{}", spare.capacity, inspector_.cache(cache).name,
                   cpu),
       fmt::format("{}", spare.size));
}

std::uint32_t SlabAudit::collect_barn_list(CacheHandle cache, SheafId first, bool full) {
  std::uint32_t length = 0;
  for (SheafId sheaf = first; sheaf != nullptr; sheaf = inspector_.next_in_barn(sheaf)) {
    collect_sheaf(cache, sheaf);
    const SheafView view = inspector_.sheaf(sheaf);
    ++length;
    if (view.size == (full ? view.capacity : 0)) continue;
    stop(VerdictKind::structure, "a barn's sheaves are full or empty, as its lists say",
         fmt::format("a sheaf of {} that is {}", inspector_.cache(cache).name,
                     full ? "full" : "empty"),
         fmt::format("{} of {} objects", view.size, view.capacity));
  }
  return length;
}

void SlabAudit::collect_sheaf(CacheHandle cache, SheafId sheaf, Owner owner) {
  const SheafView view = inspector_.sheaf(sheaf);
  const std::uint32_t capacity = inspector_.sheaf_capacity(cache);
  if (std::ranges::find(sheaves_, sheaf) != sheaves_.end()) {
    stop(VerdictKind::structure, "a sheaf is in one place", "one",
         fmt::format("a sheaf of {} in two", inspector_.cache(cache).name));
  }
  sheaves_.push_back(sheaf);
  // A user may have asked for more room.
  const bool fits = owner == Owner::user ? view.capacity >= capacity : view.capacity == capacity;
  if (!fits || view.size > view.capacity) {
    stop(VerdictKind::structure, "a sheaf has no more objects than it has room for",
         fmt::format("room for {} of {}", capacity, inspector_.cache(cache).name),
         fmt::format("room for {}, {} objects", view.capacity, view.size));
  }
  for (const void* const object : view.objects.first(view.size)) {
    const bool is_memory = ledger_.is_memory(object);
    const SlabId id = is_memory ? inspector_.slab_of_page(inspector_.page_of(object)) : kNoSlab;
    if (id != kNoSlab) {
      const SlabView slab = inspector_.slab(id);
      if (slab.cache == cache && slab.index_of(object) != slab.objects) {
        sheaf_objects_.push_back(object);
        continue;
      }
    }
    stop(VerdictKind::structure, "a sheaf holds objects of its cache",
         std::string(inspector_.cache(cache).name),
         is_memory ? ledger_.place(object) : "an address outside of memory");
  }
}

void SlabAudit::collect_users_sheaves() {
  ledger_.slots().for_each([this](const SlabObject& held) {
    if (held.origin == Origin::sheaf)
      collect_sheaf(caches_.record(held.cache).handle, held.address, Owner::user);
  });
}

void SlabAudit::check_collected() {
  std::ranges::sort(sheaf_objects_, std::less<>());
  const auto twice = std::ranges::adjacent_find(sheaf_objects_);
  if (twice == sheaf_objects_.end()) return;
  stop(VerdictKind::structure, "an object is free once", "in one sheaf, once",
       fmt::format("{} twice", ledger_.place(*twice)));
}

// Slabs, each by itself.

void SlabAudit::count_slab(SlabId id, const SlabView& slab) {
  const auto known = std::ranges::find(known_, slab.cache);
  if (known == known_.end()) {
    stop(VerdictKind::use_after_destroy, "nothing refers to a destroyed cache", "no slab",
         fmt::format("a slab at page {}", id));
  }
  Tally& tally =
      tallies_[static_cast<std::size_t>(known - known_.begin()) * kMostNodes + slab.node];
  ++tally.slabs;
  tally.objects += slab.objects;
  if (slab.inuse == 0 && places_[id] == Place::partial) ++tally.empty_partial;
  slab_pages_ += std::int64_t{1} << slab.order;
}

void SlabAudit::check_slab(SlabId id, const SlabView& slab) {
  if (damage_.is_given_up(id)) return count_held(slab);
  check_place(id, slab, inspector_.cache(slab.cache));
  is_free_.assign((slab.objects + 63) / 64, 0);
  const std::size_t in_slab = mark_freelist(id, slab, slab.freelist);
  if (in_slab + slab.inuse != slab.objects) {
    std::string expected =
        fmt::format("{} free objects in {}", slab.objects - slab.inuse, name(id));
    stop(VerdictKind::counter, "a slab's free objects are those that are not in use",
         std::move(expected), fmt::format("{}", in_slab));
  }
  mark_freelist(id, slab, cpu_freelists_[id]);
  mark_sheaf_objects(id, slab);
  check_objects(id, slab);
}

bool SlabAudit::is_listed_when_full(const CacheView& cache) const {
  return strictness_.lists_full_slabs ? cache.debug : cache.lists_full;
}

void SlabAudit::check_place(SlabId id, const SlabView& slab, const CacheView& cache) {
  const Place place = places_[id];
  bool right = false;
  switch (place) {
    case Place::cpu:
      right = slab.frozen && !cache.debug && !slab.on_partial;
      break;
    case Place::chain:
      right = !slab.frozen && !cache.debug && !slab.on_partial && slab.freelist != nullptr;
      break;
    case Place::partial:
      right = !slab.frozen && slab.on_partial && slab.freelist != nullptr;
      break;
    case Place::full:
      right = !slab.frozen && cache.debug && !slab.on_partial && slab.freelist == nullptr;
      break;
    case Place::nowhere:
      right = !slab.frozen && !is_listed_when_full(cache) && !slab.on_partial &&
              slab.freelist == nullptr;
      break;
  }
  if (right) return;
  constexpr const char* expected[] = {
      "on no list: full, and not a CPU's", "a CPU's slab: frozen, on no list",
      "on a CPU's chain: partly free, not frozen", "on a node's list: partly free, not frozen",
      "on a node's list of full slabs: of a debug cache, full"};
  std::string found = fmt::format("{}{}", name(id), slab.on_partial ? ", marked as listed" : "");
  stop(VerdictKind::structure, "where a slab is fits its state",
       expected[static_cast<unsigned>(place)], std::move(found));
}

/// Marks the objects of a freelist as free; returns how many there are.
std::size_t SlabAudit::mark_freelist(SlabId id, const SlabView& slab, const void* first) {
  if (first == nullptr) return 0;
  freelist_.resize(slab.objects + 1);
  const std::size_t length = inspector_.read_freelist(slab, first, freelist_);
  for (std::size_t i = 0; i < length; ++i) {
    const std::uint32_t index = slab.index_of(freelist_[i]);
    if (index == slab.objects) {
      std::string expected = name(id);
      stop(VerdictKind::structure, "a freelist holds objects of its slab", std::move(expected),
           fmt::format("entry {} is none", i));
    }
    mark_free(id, index, "on freelists twice");
  }
  if (encoded_) check_hidden(id, slab, length);
  return length;
}

void SlabAudit::mark_free(SlabId id, std::uint32_t index, const char* where) {
  std::uint64_t& word = is_free_[index / 64];
  const std::uint64_t bit = std::uint64_t{1} << index % 64;
  if ((word & bit) != 0) {
    std::string expected = name(id);
    stop(VerdictKind::structure, "an object is free once", std::move(expected),
         fmt::format("object {} is {}", index, where));
  }
  word |= bit;
}

void SlabAudit::mark_sheaf_objects(SlabId id, const SlabView& slab) {
  const auto* const begin = reinterpret_cast<const std::byte*>(slab.first_object);
  const void* const first = begin;
  const void* const end = begin + std::size_t{slab.objects} * slab.slot_size;
  auto at = std::ranges::lower_bound(sheaf_objects_, first, std::less<>());
  for (; at != sheaf_objects_.end() && std::less<>()(*at, end); ++at) {
    const std::uint32_t index = slab.index_of(*at);
    // Where slots begin with a red zone, the last one's end is not the slab's.
    if (index != slab.objects) mark_free(id, index, "in a sheaf and free besides");
  }
}

void SlabAudit::check_hidden(SlabId id, const SlabView& slab, std::size_t length) const {
  for (std::size_t i = 0; i < length; ++i) {
    const void* const next = i + 1 < length ? freelist_[i + 1] : nullptr;
    const std::uintptr_t stored = inspector_.stored_link(slab.cache, freelist_[i]);
    if (stored != reinterpret_cast<std::uintptr_t>(next)) continue;
    std::string expected = fmt::format("entry {} of a freelist of {} encoded", i, name(id));
    stop(VerdictKind::structure, "free objects hide where the next one is", std::move(expected),
         "stored as it is");
  }
}

/// Of a slab that was given up nothing else is known.
void SlabAudit::count_held(const SlabView& slab) {
  for (std::uint32_t index = 0; index < slab.objects; ++index) {
    const std::uintptr_t object = slab.first_object + std::uintptr_t{index} * slab.slot_size;
    if (ledger_.is_held(reinterpret_cast<const void*>(object))) ++held_objects_;
  }
}

void SlabAudit::check_objects(SlabId id, const SlabView& slab) {
  for (std::uint32_t index = 0; index < slab.objects; ++index) {
    const auto* const object =
        reinterpret_cast<const void*>(slab.first_object + std::uintptr_t{index} * slab.slot_size);
    const bool free = (is_free_[index / 64] >> index % 64 & 1) != 0;
    const bool held = ledger_.is_held(object);
    if (held) ++held_objects_;
    if (free != held) continue;
    if (!free) {
      check_users_object(id, object);
      continue;
    }
    std::string found = fmt::format("{} is free", ledger_.place(object));
    stop(VerdictKind::use_after_free, "an object in use is not free", "in use", std::move(found));
  }
}

/// An object that is neither free nor held by a user.
void SlabAudit::check_users_object(SlabId id, const void* object) {
  if (inspector_.is_internal(object)) return;
  if (std::ranges::find(sheaves_, object) != sheaves_.end()) return;
  std::string found = fmt::format("{} of {}{}", ledger_.place(object), name(id),
                                  inspector_.is_deferred(object) ? ", still deferred" : "");
  stop(VerdictKind::conservation, "every object of a slab is free or in use", "free or in use",
       std::move(found));
}

void SlabAudit::check_counters(CacheHandle cache) {
  const auto index = std::ranges::find(known_, cache) - known_.begin();
  const CacheView view = inspector_.cache(cache);
  for (unsigned node = 0; node < inspector_.nodes(); ++node) {
    const Tally& tally = tallies_[static_cast<std::size_t>(index) * kMostNodes + node];
    const NodeView counted = inspector_.node(cache, node);
    if (counted.slabs != tally.slabs || counted.objects != tally.objects) {
      stop(VerdictKind::counter, "slabs and objects of a cache are as many as it says",
           fmt::format("{} on node {}: {} slabs, {} objects", view.name, node, tally.slabs,
                       tally.objects),
           fmt::format("{} slabs, {} objects", counted.slabs, counted.objects));
    }
    if (tally.empty_partial > std::int64_t{view.min_partial} + kRacingSlabs) {
      stop(VerdictKind::structure, "a node keeps few empty slabs",
           fmt::format("{} of {} on node {}", view.min_partial, view.name, node),
           fmt::format("{}", tally.empty_partial));
    }
  }
}

void SlabAudit::check_pages() {
  if (const std::string_view wrong = inspector_.audit_pages(); !wrong.empty()) {
    stop(VerdictKind::structure, "the lists of free pages are in order", "in order",
         std::string(wrong));
  }
  const PageCount pages = inspector_.count_pages();
  const std::int64_t internal = inspector_.internal_pages();
  const std::int64_t sum =
      pages.free + pages.parked + pages.leaked + slab_pages_ + internal + ledger_.whole_pages();
  if (sum == inspector_.page_count()) return;
  stop(VerdictKind::conservation, "every page is free, parked, in use or given up",
       fmt::format("{} pages", inspector_.page_count()),
       fmt::format("{}: {} free, {} parked, {} given up, {} in slabs, {} in use", sum, pages.free,
                   pages.parked, pages.leaked, slab_pages_, ledger_.whole_pages()));
}

}  // namespace anyctx::target
