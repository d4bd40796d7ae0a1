#include "fuzzers/targets/slab_own_inspector.h"

namespace anyctx::target {

using page::pages_of;

CacheView OwnSlabInspector::cache(CacheHandle handle) const {
  const Cache& cache = of(handle);
  const slab::CacheFlags flags = cache.config().flags;
  return {.name = cache.name(),
          .object_size = cache.object_size(),
          .slot_size = cache.layout().size,
          .min_partial = cache.layout().min_partial,
          .debug = cache.is_debug(),
          .lists_full = cache.is_debug(),
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
