#include "fuzzers/kernel/kernel_slab_inspector.h"

namespace anyctx::target {

static_assert(kNoSlab == kKernelNoSlab);

CacheView KernelSlabInspector::cache(CacheHandle cache) const {
  anyctx_cache view{};
  anyctx_look_at_cache(of(cache), &view);
  return {.name = view.name,
          .object_size = view.object_size,
          .slot_size = view.slot_size,
          .min_partial = view.min_partial,
          .debug = view.debug,
          .lists_full = view.lists_full,
          .poison = view.poison,
          .red_zone = view.red_zone,
          .reclaimable = view.reclaimable};
}

NodeView KernelSlabInspector::node(CacheHandle cache, unsigned) const {
  anyctx_node view{};
  anyctx_look_at_node(of(cache), &view);
  return {.slabs = view.slabs,
          .objects = view.objects,
          .partial = view.partial,
          .first_partial = view.first_partial,
          .first_full = view.first_full};
}

std::uint32_t KernelSlabInspector::sheaf_capacity(CacheHandle cache) const {
  return anyctx_cache_sheaf_capacity(of(cache));
}

CpuSheavesView KernelSlabInspector::cpu_sheaves(CacheHandle cache, unsigned cpu) const {
  const slab_sheaf* sheaves[2] = {};
  anyctx_look_at_sheaves(of(cache), cpu, sheaves);
  return {sheaves[0], sheaves[1]};
}

BarnView KernelSlabInspector::barn(CacheHandle cache, unsigned) const {
  anyctx_barn view{};
  anyctx_look_at_barn(of(cache), &view);
  return {view.full, view.empty, view.first_full, view.first_empty};
}

SheafView KernelSlabInspector::sheaf(SheafId id) const {
  const slab_sheaf* const sheaf = sheaf_of(id);
  const bool is_users = std::ranges::find(users_sheaves_, id) != users_sheaves_.end();
  const std::uint32_t capacity =
      is_users ? anyctx_users_sheaf_capacity(sheaf) : anyctx_sheaf_capacity(sheaf);
  return {capacity, anyctx_sheaf_size(sheaf), {anyctx_sheaf_objects(sheaf), capacity}};
}

SlabId KernelSlabInspector::next_slab(std::uint32_t page) const {
  const std::uint32_t pages = page_count();
  while (page < pages && anyctx_slab_of_page(page) != page) ++page;
  return page < pages ? page : kNoSlab;
}

SlabView KernelSlabInspector::slab(SlabId id) const {
  anyctx_slab view{};
  anyctx_look_at_slab(id, &view);
  return {.cache = view.cache,
          .order = view.order,
          .node = 0,
          .first_object = view.first_object,
          .slot_size = view.slot_size,
          .objects = view.objects,
          .inuse = view.inuse,
          .frozen = view.frozen,
          .on_partial = view.on_partial,
          .freelist = view.freelist};
}

bool KernelSlabInspector::is_internal(const void* object) const {
  return anyctx_is_structure(object) || std::ranges::any_of(kept_, [&](CacheHandle cache) {
           return anyctx_is_structure_of(of(cache), object);
         });
}

std::size_t KernelSlabInspector::read_freelist(const SlabView& slab, const void* first,
                                               std::span<const void*> objects) const {
  std::size_t length = 0;
  for (const void* object = first; object != nullptr && length < objects.size();) {
    objects[length++] = object;
    if (slab.index_of(object) == slab.objects) break;
    object = anyctx_next_free(of(slab.cache), object);
  }
  return length;
}

}  // namespace anyctx::target
