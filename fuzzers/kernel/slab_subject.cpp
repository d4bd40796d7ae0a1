#include "fuzzers/kernel/slab_subject.h"

#include <algorithm>
#include <bit>

#include "fuzzers/kernel/kernel_slab_inspector.h"
#include "inject/kernel/boundary.h"
#include "lib/machine/check.h"

namespace anyctx::target {
namespace {

using inject::KernelCode;
using inject::KernelLeft;
using inject::Sim;

/// More than that no bucket of the kernel's holds.
constexpr std::size_t kLargestBucket = 8192;

unsigned kernel_gfp(page::Gfp gfp) {
  unsigned flags = 0;
  if (has(gfp, page::gfp::zero)) flags |= kKernelZero;
  if (has(gfp, page::gfp::direct_reclaim)) flags |= kKernelDirectReclaim;
  if (has(gfp, page::gfp::kswapd_reclaim)) flags |= kKernelKswapdReclaim;
  if (has(gfp, page::gfp::high)) flags |= kKernelHigh;
  if (has(gfp, page::gfp::reclaimable)) flags |= kKernelReclaimable;
  if (has(gfp, page::gfp::nowarn)) flags |= kKernelNoWarn;
  return flags;
}

unsigned kernel_flags(const CacheDebug& debug) {
  unsigned flags = 0;
  if (debug.red_zone) flags |= kKernelRedZone;
  if (debug.poison) flags |= kKernelPoison;
  if (debug.store_user) flags |= kKernelStoreUser;
  if (debug.consistency) flags |= kKernelConsistency;
  return flags;
}

class KernelSlabSubject final : public SlabSubject {
 public:
  KernelSlabSubject(inject::Simulation& simulation, const KernelContract& contract)
      : simulation_(simulation), contract_(contract), inspector_(stage_) {}

  void reset(const SlabOptions& options) override;
  const SlabInspector& inspector() const override { return inspector_; }
  SlabStrictness strictness() const override;

  void* kmalloc(std::size_t size, page::Gfp gfp, int node) override;
  void kfree(const void* object) override {
    const KernelCode inside;
    anyctx_kfree(object);
  }
  void* kmalloc_nolock(std::size_t size, page::Gfp gfp, int node) override;
  void kfree_nolock(const void* object) override {
    const KernelCode inside;
    anyctx_kfree_nolock(object);
  }
  std::size_t ksize(const void* object) override {
    const KernelCode inside;
    return anyctx_ksize(object);
  }

  CacheHandle kmem_cache_create(const CacheSpec& spec) override;
  bool kmem_cache_destroy(CacheHandle cache) override;
  bool kmem_cache_shrink(CacheHandle cache) override {
    const KernelCode inside;
    return anyctx_cache_shrink(of(cache)) == 0;
  }
  void* kmem_cache_alloc(CacheHandle cache, page::Gfp gfp, int node) override {
    const KernelCode inside;
    return anyctx_cache_alloc(of(cache), kernel_gfp(gfp), node);
  }
  void kmem_cache_free(CacheHandle cache, void* object) override {
    const KernelCode inside;
    anyctx_cache_free(of(cache), object);
  }
  void deferred_work_barrier() override {
    const KernelCode inside;
    anyctx_slab_barrier();
  }

  SheafId kmem_cache_prefill_sheaf(CacheHandle cache, page::Gfp gfp, unsigned count) override;
  bool kmem_cache_refill_sheaf(CacheHandle cache, page::Gfp gfp, SheafId& sheaf,
                               unsigned count) override;
  void* kmem_cache_alloc_from_sheaf(CacheHandle cache, page::Gfp gfp, SheafId sheaf) override {
    const KernelCode inside;
    return anyctx_sheaf_alloc(of(cache), kernel_gfp(gfp), sheaf_of(sheaf));
  }
  void kmem_cache_return_sheaf(CacheHandle cache, SheafId sheaf) override {
    std::erase(inspector_.users_sheaves(), sheaf);
    const KernelCode inside;
    anyctx_sheaf_return(of(cache), sheaf_of(sheaf));
  }

  Pages alloc_pages(page::Gfp gfp, int node, unsigned order) override {
    return stage_.address(stage_.pages().alloc_pages(gfp, node, order));
  }
  void free_pages(Pages pages, unsigned order) override {
    stage_.pages().free_pages(stage_.pages().page_of(pages), order);
  }
  Pages alloc_pages_nolock(page::Gfp gfp, int node, unsigned order) override {
    return stage_.address(stage_.pages().alloc_pages_nolock(gfp, node, order));
  }
  void free_pages_nolock(Pages pages, unsigned order) override {
    stage_.pages().free_pages_nolock(stage_.pages().page_of(pages), order);
  }
  void drain_pcp() override { stage_.pages().drain_all_pcp(); }
  void drain_parked() override { stage_.pages().drain_parked(); }

  // The kernel has none of these: no program calls them.
  void* kmem_cache_alloc_nolock(CacheHandle, page::Gfp, int) override {
    ANYCTX_CHECK(false);
    return nullptr;
  }
  void kmem_cache_free_nolock(CacheHandle, void*) override { ANYCTX_CHECK(false); }

 private:
  static kmem_cache* of(CacheHandle cache) {
    return static_cast<kmem_cache*>(const_cast<void*>(cache));
  }
  static slab_sheaf* sheaf_of(SheafId sheaf) {
    return static_cast<slab_sheaf*>(const_cast<void*>(sheaf));
  }

  inject::Simulation& simulation_;
  const KernelContract& contract_;
  KernelSlabStage stage_;
  KernelSlabInspector inspector_;
  CacheDebug debug_;
};

void KernelSlabSubject::reset(const SlabOptions& options) {
  inspector_.users_sheaves().clear();
  inspector_.kept().clear();
  debug_ = options.debug;
  stage_.reset(simulation_.memory(), options);
  anyctx_slab_boot(simulation_.memory().base(), static_cast<unsigned>(options.page_count),
                   simulation_.config().cpus, kernel_flags(options.debug));
}

SlabStrictness KernelSlabSubject::strictness() const {
  SlabStrictness strictness;
  strictness.nolock_takes_large = !contract_.allows(Difference::nolock_takes_no_large);
  strictness.ksize_is_object_size = !contract_.allows(Difference::ksize_counts_padding);
  strictness.lists_full_slabs = !contract_.allows(Difference::full_slabs_are_not_listed);
  strictness.barn_is_bounded = !contract_.allows(Difference::barn_may_overflow);
  strictness.failure_makes_no_slab = !contract_.allows(Difference::failure_may_make_a_slab);
  strictness.spare_is_whole = !contract_.allows(Difference::spare_may_be_partial);
  strictness.shrink_empties_buckets = !contract_.allows(Difference::shrink_frees_sheaves);
  return strictness;
}

/// Limits of the kernel's say nothing: they are named as the cause afterwards.
void* KernelSlabSubject::kmalloc(std::size_t size, page::Gfp gfp, int node) {
  void* object = nullptr;
  {
    const KernelCode inside;
    object = anyctx_kmalloc(size, kernel_gfp(gfp), node);
  }
  const bool is_too_large = size > std::size_t{4096} << page::kMaxOrder;
  if (object == nullptr && is_too_large) static_cast<void>(Sim::fails(slab::site::size, true));
  return object;
}

void* KernelSlabSubject::kmalloc_nolock(std::size_t size, page::Gfp gfp, int node) {
  void* object = nullptr;
  {
    const KernelCode inside;
    object = anyctx_kmalloc_nolock(size, kernel_gfp(gfp), node);
  }
  if (object != nullptr) return object;
  if (size > kLargestBucket) {
    static_cast<void>(Sim::fails(slab::site::size, true));
  } else if (!Sim::has_cas2() && !debug_.any()) {
    static_cast<void>(Sim::fails(slab::site::no_cas2, true));
  }
  return nullptr;
}

/// The kernel looks at nothing of that: its callers do.
CacheHandle KernelSlabSubject::kmem_cache_create(const CacheSpec& spec) {
  const bool is_aligned =
      spec.align == 0 || (std::has_single_bit(spec.align) && spec.align <= inspector_.page_bytes());
  if (spec.size == 0 || !is_aligned) return nullptr;
  unsigned flags = kernel_flags(spec.debug);
  if (spec.reclaimable) flags |= kKernelSlabReclaimable;
  const KernelCode inside;
  return anyctx_cache_create(spec.name.data(), spec.size, spec.align, flags, spec.constructor);
}

/// Of caches with one name there is one at a time.
bool KernelSlabSubject::kmem_cache_destroy(CacheHandle cache) {
  const char* const name = inspector_.cache(cache).name.data();
  {
    const KernelCode inside;
    anyctx_cache_destroy(of(cache));
  }
  const bool is_kept = std::erase(stage_.kept(), name) != 0;
  if (is_kept) inspector_.kept().push_back(cache);
  return !is_kept;
}

SheafId KernelSlabSubject::kmem_cache_prefill_sheaf(CacheHandle cache, page::Gfp gfp,
                                                    unsigned count) {
  const slab_sheaf* sheaf = nullptr;
  {
    const KernelCode inside;
    sheaf = anyctx_sheaf_prefill(of(cache), kernel_gfp(gfp), count);
  }
  if (sheaf != nullptr) inspector_.users_sheaves().push_back(sheaf);
  return sheaf;
}

bool KernelSlabSubject::kmem_cache_refill_sheaf(CacheHandle cache, page::Gfp gfp, SheafId& sheaf,
                                                unsigned count) {
  slab_sheaf* own = sheaf_of(sheaf);
  int error = 0;
  {
    const KernelCode inside;
    error = anyctx_sheaf_refill(of(cache), kernel_gfp(gfp), &own, count);
  }
  std::ranges::replace(inspector_.users_sheaves(), sheaf, static_cast<SheafId>(own));
  sheaf = own;
  return error == 0;
}

}  // namespace

std::unique_ptr<SlabSubject> make_kernel_slab_subject(inject::Simulation& simulation,
                                                      const KernelContract& contract) {
  return std::make_unique<KernelSlabSubject>(simulation, contract);
}

}  // namespace anyctx::target
