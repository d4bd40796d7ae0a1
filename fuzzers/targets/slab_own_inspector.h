// OwnSlabInspector: the inside of lib/slab, for oracles.
#pragma once

#include <algorithm>
#include <vector>

#include "fuzzers/targets/slab_pages_inspector.h"
#include "lib/slab/slab_allocator.h"

namespace anyctx::target {

class OwnSlabInspector final : public SlabPagesInspector {
 public:
  using Cache = slab::Cache<Sim>;

  OwnSlabInspector(const page::PageAllocator<Sim>& pages, const slab::SlabAllocator<Sim>& slabs)
      : SlabPagesInspector(pages), slabs_(slabs) {}

  /// The caches whose structures came from kmalloc and were not given back.
  std::vector<CacheHandle>& created() { return created_; }

  CacheHandle first_cache() const override { return slabs_.first_cache(); }
  CacheHandle next_cache(CacheHandle cache) const override { return of(cache).next_cache; }
  CacheHandle bucket(std::size_t size) const override {
    return &slabs_.bucket_cache(slab::bucket_of(size));
  }
  CacheHandle accounted_bucket(std::size_t size) const override {
    return &slabs_.bucket_cache(slab::bucket_of(size), slab::Family::accounted);
  }
  CacheView cache(CacheHandle cache) const override;
  NodeView node(CacheHandle cache, unsigned node) const override;
  CpuView cpu(CacheHandle cache, unsigned cpu) const override;

  std::uint32_t sheaf_capacity(CacheHandle cache) const override {
    return of(cache).sheaf_capacity();
  }
  CpuSheavesView cpu_sheaves(CacheHandle cache, unsigned cpu) const override {
    const slab::CpuSheaves<Sim>& own = of(cache).sheaves().of(cpu);
    return {own.main.peek(), own.spare.peek()};
  }
  BarnView barn(CacheHandle cache, unsigned node) const override {
    const slab::Barn<Sim>& barn = of(cache).barn(node);
    return {barn.peek_full(), barn.peek_empty(), barn.first_full(), barn.first_empty()};
  }
  SheafView sheaf(SheafId id) const override {
    const slab::Sheaf<Sim>& sheaf = *static_cast<const slab::Sheaf<Sim>*>(id);
    return {sheaf.capacity, sheaf.size.peek(), {sheaf.objects(), sheaf.capacity}};
  }
  SheafId next_in_barn(SheafId sheaf) const override {
    return static_cast<const slab::Sheaf<Sim>*>(sheaf)->next;
  }

  SlabId slab_of_page(std::uint32_t page) const override {
    return id(slabs_.source().slabs()[page].head);
  }
  SlabId next_slab(std::uint32_t page) const override;
  SlabView slab(SlabId slab) const override;
  SlabId next_on_list(SlabId slab) const override { return id(at(slab).next); }
  SlabId next_on_chain(SlabId slab) const override { return id(at(slab).chain); }

  std::size_t read_freelist(const SlabView& slab, const void* first,
                            std::span<const void*> objects) const override;
  const void* next_free(CacheHandle cache, const void* object) const override {
    return of(cache).peek_next_free(const_cast<void*>(object));
  }
  std::uintptr_t stored_link(CacheHandle cache, const void* object) const override;
  bool is_internal(const void* object) const override {
    return std::ranges::find(created_, object) != created_.end() || is_vector(object);
  }
  std::int64_t internal_pages() const override;

  const void* first_deferred(unsigned cpu) const override;
  bool has_deferred_slabs(unsigned cpu) const override {
    return slabs_.deferred().slabs(cpu).peek() != nullptr;
  }
  bool is_deferred(const void* object) const override {
    return slabs_.deferred().peek_contains(object);
  }

 private:
  bool is_vector(const void* object) const;
  static const Cache& of(CacheHandle cache) { return *static_cast<const Cache*>(cache); }
  const slab::Slab<Sim>& at(SlabId slab) const { return slabs_.source().slabs()[slab]; }
  SlabId id(const slab::Slab<Sim>* slab) const {
    return slab == nullptr ? kNoSlab : static_cast<SlabId>(slab - slabs_.source().slabs().data());
  }

  const slab::SlabAllocator<Sim>& slabs_;
  std::vector<CacheHandle> created_;
};

}  // namespace anyctx::target
