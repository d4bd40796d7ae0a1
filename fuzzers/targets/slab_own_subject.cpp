// The allocator in lib/slab as a SlabSubject.
#include "fuzzers/targets/slab_own_inspector.h"
#include "fuzzers/targets/slab_own_memcg.h"
#include "fuzzers/targets/slab_stack.h"
#include "fuzzers/targets/slab_subject.h"

namespace anyctx::target {
namespace {

using inject::Sim;
using inject::Watched;

class OwnSlabSubject final : public SlabSubject {
 public:
  explicit OwnSlabSubject(inject::Simulation& simulation)
      : simulation_(simulation), inspector_(pages_, slabs_), memcg_(simulation, pages_, slabs_) {}

  void reset(const SlabOptions& options) override;
  const SlabInspector& inspector() const override { return inspector_; }
  const MemcgInspector* memcg() const override { return accounts_ ? &memcg_ : nullptr; }

  void* kmalloc(std::size_t size, page::Gfp gfp, int node) override {
    const Watched watched;
    return slabs_.kmalloc(size, gfp, node);
  }
  void kfree(const void* object) override {
    const Watched watched;
    slabs_.kfree(object);
  }
  void* kmalloc_nolock(std::size_t size, page::Gfp gfp, int node) override {
    const Watched watched;
    return slabs_.kmalloc_nolock(size, gfp, node);
  }
  void kfree_nolock(const void* object) override {
    const Watched watched;
    slabs_.kfree_nolock(object);
  }
  std::size_t ksize(const void* object) override {
    const Watched watched;
    return slabs_.ksize(object);
  }

  CacheHandle kmem_cache_create(const CacheSpec& spec) override;
  bool kmem_cache_destroy(CacheHandle cache) override;
  bool kmem_cache_shrink(CacheHandle cache) override {
    const Watched watched;
    return slabs_.kmem_cache_shrink(of(cache));
  }
  void* kmem_cache_alloc(CacheHandle cache, page::Gfp gfp, int node) override {
    const Watched watched;
    return slabs_.kmem_cache_alloc(of(cache), gfp, node);
  }
  void kmem_cache_free(CacheHandle cache, void* object) override {
    const Watched watched;
    slabs_.kmem_cache_free(of(cache), object);
  }
  void* kmem_cache_alloc_nolock(CacheHandle cache, page::Gfp gfp, int node) override {
    const Watched watched;
    return slabs_.kmem_cache_alloc_nolock(of(cache), gfp, node);
  }
  void kmem_cache_free_nolock(CacheHandle cache, void* object) override {
    const Watched watched;
    slabs_.kmem_cache_free_nolock(of(cache), object);
  }
  void deferred_work_barrier() override {
    const Watched watched;
    slabs_.deferred_work_barrier();
  }

  SheafId kmem_cache_prefill_sheaf(CacheHandle cache, page::Gfp gfp, unsigned count) override {
    const Watched watched;
    return slabs_.kmem_cache_prefill_sheaf(of(cache), gfp, count);
  }
  bool kmem_cache_refill_sheaf(CacheHandle cache, page::Gfp gfp, SheafId& sheaf,
                               unsigned count) override {
    const Watched watched;
    slab::Sheaf<Sim>* own = sheaf_of(sheaf);
    const bool filled = slabs_.kmem_cache_refill_sheaf(of(cache), gfp, &own, count);
    sheaf = own;
    return filled;
  }
  void* kmem_cache_alloc_from_sheaf(CacheHandle cache, page::Gfp gfp, SheafId sheaf) override {
    const Watched watched;
    return slabs_.kmem_cache_alloc_from_sheaf(of(cache), gfp, sheaf_of(sheaf));
  }
  void kmem_cache_return_sheaf(CacheHandle cache, SheafId sheaf) override {
    const Watched watched;
    slabs_.kmem_cache_return_sheaf(of(cache), sheaf_of(sheaf));
  }

  Pages alloc_pages(page::Gfp gfp, int node, unsigned order) override {
    const Watched watched;
    return address(pages_.alloc_pages(gfp, node, order));
  }
  void free_pages(Pages pages, unsigned order) override {
    const Watched watched;
    pages_.free_pages(pages_.page_of(pages), order);
  }
  Pages alloc_pages_nolock(page::Gfp gfp, int node, unsigned order) override {
    const Watched watched;
    return address(pages_.alloc_pages_nolock(gfp, node, order));
  }
  void free_pages_nolock(Pages pages, unsigned order) override {
    const Watched watched;
    pages_.free_pages_nolock(pages_.page_of(pages), order);
  }
  void drain_pcp() override {
    const Watched watched;
    pages_.drain_all_pcp();
  }
  void drain_parked() override {
    const Watched watched;
    pages_.drain_parked();
  }

  bool replace_payer(unsigned group) override {
    const Watched watched;
    return memcg_.replace(group);
  }
  void drain_stock() override {
    const Watched watched;
    memcg_.memcg().drain_stock(page::Spin::allowed);
  }
  void end_accounting() override {
    if (!accounts_) return;
    const Watched watched;
    memcg_.end();
  }

 private:
  static slab::Cache<Sim>* of(CacheHandle cache) {
    return static_cast<slab::Cache<Sim>*>(const_cast<void*>(cache));
  }
  static slab::Sheaf<Sim>* sheaf_of(SheafId sheaf) {
    return static_cast<slab::Sheaf<Sim>*>(const_cast<void*>(sheaf));
  }
  Pages address(const page::Page<Sim>* page) const {
    return page == nullptr ? nullptr : pages_.address(page);
  }

  inject::Simulation& simulation_;
  SlabStack stack_;
  page::PageAllocator<Sim>& pages_ = stack_.pages;
  slab::SlabAllocator<Sim>& slabs_ = stack_.slabs;
  OwnSlabInspector inspector_;
  OwnMemcg memcg_;
  bool accounts_ = false;
};

void OwnSlabSubject::reset(const SlabOptions& options) {
  inspector_.created().clear();
  stack_.reset_pages(simulation_.memory(), options);
  accounts_ = options.memcg_pages != 0;
  if (accounts_) {
    memcg_.reset(options.memcg_pages, options.page_shift, options.memcg_slots);
    pages_.account_to(memcg_.memcg());
  }
  stack_.reset_slabs(options);
}

CacheHandle OwnSlabSubject::kmem_cache_create(const CacheSpec& spec) {
  slab::CacheConfig config;
  config.name = spec.name;
  config.size = spec.size;
  config.align = spec.align;
  config.flags = SlabStack::flags_of(spec.debug);
  config.constructor = spec.constructor;
  if (spec.reclaimable) config.flags = config.flags | slab::CacheFlags::reclaimable;
  slab::Cache<Sim>* const cache = [&] {
    const Watched watched;
    return slabs_.kmem_cache_create(config);
  }();
  if (cache != nullptr) inspector_.created().push_back(cache);
  return cache;
}

bool OwnSlabSubject::kmem_cache_destroy(CacheHandle cache) {
  const bool gone = [&] {
    const Watched watched;
    return slabs_.kmem_cache_destroy(of(cache));
  }();
  if (!gone) return false;
  std::erase(inspector_.created(), cache);
  return true;
}

}  // namespace

std::unique_ptr<SlabSubject> make_own_slab_subject(inject::Simulation& simulation) {
  return std::make_unique<OwnSlabSubject>(simulation);
}

}  // namespace anyctx::target
