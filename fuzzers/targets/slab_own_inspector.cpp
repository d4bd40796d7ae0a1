#include "fuzzers/targets/slab_own_inspector.h"

namespace anyctx::target {

using page::pages_of;

std::uint32_t OwnSlabInspector::page_of(const void* address) const {
  const page::Page<Sim>* const page = pages_.page_of(address);
  ANYCTX_CHECK(page != nullptr);
  return static_cast<std::uint32_t>(pages_.pfn(page));
}

PageCount OwnSlabInspector::count_pages() const {
  const page::Census census = page::take_census(pages_);
  return {census.buddy + census.pcp, census.parked, census.leaked};
}

std::int64_t OwnSlabInspector::free_pages() const {
  std::int64_t pages = 0;
  for (unsigned index = 0; index < pages_.zone_count(); ++index) {
    const page::Zone<Sim>& zone = pages_.zone(index);
    pages += zone.buddy().areas().peek_free_pages();
    for (unsigned cpu = 0; cpu < Sim::cpus(); ++cpu) pages += zone.pcp(cpu).count;
    zone.parked().peek_each(
        [&](const page::Page<Sim>*, unsigned order) { pages += pages_of(order); });
  }
  return pages;
}

bool OwnSlabInspector::has_room(unsigned order, int node) const {
  // Types of blocks that any request may take from.
  constexpr unsigned kOrdinary = (1u << page::kPcpTypes) - 1;
  for (unsigned index = 0; index < pages_.zone_count(); ++index) {
    const page::Zone<Sim>& zone = pages_.zone(index);
    if (node >= 0 && zone.shape().node != static_cast<unsigned>(node)) continue;
    const page::FreeAreas<Sim>& areas = zone.buddy().areas();
    const std::int64_t usable =
        areas.peek_free_pages() - areas.peek_reserve_pages() - pages_of(order);
    if (usable <= zone.marks()[page::Mark::high] + zone.peek_boost()) continue;
    for (unsigned o = order; o < page::kOrders; ++o) {
      if ((areas.peek_types(o) & kOrdinary) != 0) return true;
    }
  }
  return false;
}

CacheView OwnSlabInspector::cache(CacheHandle handle) const {
  const Cache& cache = of(handle);
  const slab::CacheFlags flags = cache.config().flags;
  return {.name = cache.name(),
          .object_size = cache.object_size(),
          .slot_size = cache.layout().size,
          .min_partial = cache.layout().min_partial,
          .debug = cache.is_debug(),
          .poison = has(flags, slab::CacheFlags::poison),
          .red_zone = has(flags, slab::CacheFlags::red_zone),
          .reclaimable = has(flags, slab::CacheFlags::reclaimable),
          .accounted = has(flags, slab::CacheFlags::accounted)};
}

NodeView OwnSlabInspector::node(CacheHandle cache, unsigned index) const {
  const slab::Node<Sim>& node = of(cache).node(index);
  return {.slabs = node.peek_nr_slabs(),
          .objects = node.peek_total_objects(),
          .partial = node.peek_nr_partial(),
          .first_partial = id(node.partial().first()),
          .first_full = id(node.full().first())};
}

CpuView OwnSlabInspector::cpu(CacheHandle cache, unsigned index) const {
  const slab::CpuSlab<Sim>& cpu = of(cache).cpus().of(index);
  return {.slab = id(cpu.slab.peek()),
          .freelist = cpu.peek_freelist(),
          .first_partial = id(cpu.partial.peek())};
}

SlabId OwnSlabInspector::next_slab(std::uint32_t page) const {
  const auto slabs = slabs_.source().slabs();
  while (page < slabs.size() && slabs[page].head != &slabs[page]) ++page;
  return page < slabs.size() ? page : kNoSlab;
}

std::size_t OwnSlabInspector::read_freelist(const SlabView& slab, const void* first,
                                            std::span<const void*> objects) const {
  const Cache& cache = of(slab.cache);
  std::size_t length = 0;
  for (const void* object = first; object != nullptr && length < objects.size();) {
    objects[length++] = object;
    if (slab.index_of(object) == slab.objects) break;
    object = cache.peek_next_free(const_cast<void*>(object));
  }
  return length;
}

SlabView OwnSlabInspector::slab(SlabId index) const {
  const slab::Slab<Sim>& slab = at(index);
  const slab::SlabState state = slab.peek();
  const slab::Layout& layout = slab.cache->layout();
  return {.cache = slab.cache,
          .order = slab.order,
          .node = slab.node,
          .first_object =
              reinterpret_cast<std::uintptr_t>(slabs_.source().start(slab)) + layout.left_pad,
          .slot_size = layout.size,
          .objects = state.counters.objects,
          .inuse = state.counters.inuse,
          .frozen = state.counters.frozen,
          .on_partial = slab.on_partial,
          .freelist = state.freelist};
}

bool OwnSlabInspector::is_vector(const void* object) const {
  return std::ranges::any_of(slabs_.source().slabs(), [&](const slab::Slab<Sim>& slab) {
    return slab.head == &slab && slab::ObjectCharge<Sim>::peek_vector(slab) == object;
  });
}

std::int64_t OwnSlabInspector::internal_pages() const {
  std::int64_t pages = 0;
  for (const slab::Slab<Sim>& slab : slabs_.source().slabs()) {
    if (slab.head != &slab) continue;
    const void* const vector = slab::ObjectCharge<Sim>::peek_vector(slab);
    if (vector == nullptr || slabs_.source().slab_of(vector) != nullptr) continue;
    pages += pages_of(pages_.page_of(vector)->order);
  }
  return pages;
}

std::uintptr_t OwnSlabInspector::stored_link(CacheHandle cache, const void* object) const {
  void* const* const link = of(cache).link_of(const_cast<void*>(object));
  return reinterpret_cast<std::uintptr_t>(machine::raw::load_link(link, std::memory_order_relaxed));
}

const void* OwnSlabInspector::first_deferred(unsigned cpu) const {
  defer::LlistNode* const first = slabs_.deferred().objects(cpu).peek();
  if (first == nullptr) return nullptr;
  const SlabId slab = slab_of_page(page_of(first));
  return of(at(slab).cache).object_of(first);
}

}  // namespace anyctx::target
