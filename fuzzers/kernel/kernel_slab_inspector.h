// KernelSlabInspector: the inside of the kernel's slab allocator and the pages below it, for
// oracles.
#pragma once

#include <algorithm>
#include <vector>

#include "fuzzers/kernel/kernel_slab_stage.h"
#include "fuzzers/kernel/slab.h"
#include "fuzzers/targets/slab_pages_inspector.h"

namespace anyctx::target {

class KernelSlabInspector final : public SlabPagesInspector {
 public:
  explicit KernelSlabInspector(const KernelSlabStage& stage) : SlabPagesInspector(stage.pages()) {}

  /// The sheaves that users have. Only these know how much room they have.
  std::vector<SheafId>& users_sheaves() { return users_sheaves_; }
  /// The caches that are not listed any more and were not given back.
  std::vector<CacheHandle>& kept() { return kept_; }

  CacheHandle first_cache() const override { return anyctx_first_cache(); }
  CacheHandle next_cache(CacheHandle cache) const override { return anyctx_next_cache(of(cache)); }
  CacheHandle bucket(std::size_t size) const override { return anyctx_bucket(size); }
  CacheHandle accounted_bucket(std::size_t size) const override { return anyctx_bucket(size); }
  CacheView cache(CacheHandle cache) const override;
  NodeView node(CacheHandle cache, unsigned node) const override;
  /// There is nothing that a CPU has beside its sheaves.
  CpuView cpu(CacheHandle, unsigned) const override { return {}; }

  std::uint32_t sheaf_capacity(CacheHandle cache) const override;
  CpuSheavesView cpu_sheaves(CacheHandle cache, unsigned cpu) const override;
  BarnView barn(CacheHandle cache, unsigned node) const override;
  SheafView sheaf(SheafId id) const override;
  SheafId next_in_barn(SheafId sheaf) const override {
    return anyctx_next_in_barn(sheaf_of(sheaf));
  }

  SlabId next_slab(std::uint32_t page) const override;
  SlabId slab_of_page(std::uint32_t page) const override { return anyctx_slab_of_page(page); }
  SlabView slab(SlabId slab) const override;
  SlabId next_on_list(SlabId slab) const override { return anyctx_next_slab(slab); }
  SlabId next_on_chain(SlabId) const override { return kNoSlab; }

  std::size_t read_freelist(const SlabView& slab, const void* first,
                            std::span<const void*> objects) const override;
  const void* next_free(CacheHandle cache, const void* object) const override {
    return anyctx_next_free(of(cache), object);
  }
  std::uintptr_t stored_link(CacheHandle cache, const void* object) const override {
    return anyctx_stored_link(of(cache), object);
  }
  bool is_internal(const void* object) const override;

  const void* first_deferred(unsigned cpu) const override { return anyctx_first_deferred(cpu); }
  bool has_deferred_slabs(unsigned) const override { return false; }
  bool is_deferred(const void* object) const override { return anyctx_is_deferred(object); }

 private:
  static const kmem_cache* of(CacheHandle cache) { return static_cast<const kmem_cache*>(cache); }
  static const slab_sheaf* sheaf_of(SheafId sheaf) { return static_cast<const slab_sheaf*>(sheaf); }

  std::vector<SheafId> users_sheaves_;
  std::vector<CacheHandle> kept_;
};

}  // namespace anyctx::target
