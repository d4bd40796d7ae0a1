// A slab allocator that misbehaves in one way: calls of its own, or of its inspector, are replaced.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "fuzzers/targets/slab_schema.h"
#include "fuzzers/targets/slab_target.h"
#include "fuzzers/targets/slab_world.h"
#include "inject/sim/sim_machine.h"
#include "tests/oracle/crimes.h"
#include "tests/oracle/slab_rogue_memcg.h"

namespace anyctx::target {

/// Answers as the honest inspector does, but where a function says otherwise.
class RogueInspector final : public SlabInspector {
 public:
  explicit RogueInspector(const SlabInspector& honest) : honest_(honest) {}

  std::function<void(CacheView&)> change_cache;
  std::function<void(NodeView&)> change_node;
  std::function<void(SlabId, SlabView&)> change_slab;
  std::function<void(PageCount&)> change_pages;
  std::function<void(CpuSheavesView&)> change_cpu_sheaves;
  std::function<void(BarnView&)> change_barn;
  std::function<void(SheafView&)> change_sheaf;
  std::function<std::size_t(std::span<const void*>, std::size_t)> change_freelist;
  std::function<const void*(unsigned)> first_deferred_of;
  std::string_view wrong_pages;
  bool shows_links = false;
  bool all_deferred = false;

  std::uint32_t page_count() const override { return honest_.page_count(); }
  std::uint32_t page_bytes() const override { return honest_.page_bytes(); }
  std::uint32_t page_of(const void* address) const override { return honest_.page_of(address); }
  std::uint32_t node_of_page(std::uint32_t page) const override {
    return honest_.node_of_page(page);
  }
  PageCount count_pages() const override {
    PageCount count = honest_.count_pages();
    if (change_pages) change_pages(count);
    return count;
  }
  std::int64_t free_pages() const override { return honest_.free_pages(); }
  bool has_room(unsigned order, int node) const override { return honest_.has_room(order, node); }
  std::string_view audit_pages() const override {
    return wrong_pages.empty() ? honest_.audit_pages() : wrong_pages;
  }
  CacheHandle first_cache() const override { return honest_.first_cache(); }
  CacheHandle next_cache(CacheHandle cache) const override { return honest_.next_cache(cache); }
  CacheHandle bucket(std::size_t size) const override { return honest_.bucket(size); }
  CacheHandle accounted_bucket(std::size_t size) const override {
    return honest_.accounted_bucket(size);
  }
  CacheView cache(CacheHandle cache) const override {
    CacheView view = honest_.cache(cache);
    if (change_cache) change_cache(view);
    return view;
  }
  NodeView node(CacheHandle cache, unsigned node) const override {
    NodeView view = honest_.node(cache, node);
    if (change_node && view.slabs != 0) change_node(view);
    return view;
  }
  CpuView cpu(CacheHandle cache, unsigned cpu) const override { return honest_.cpu(cache, cpu); }
  unsigned nodes() const override { return honest_.nodes(); }
  std::uint32_t sheaf_capacity(CacheHandle cache) const override {
    return honest_.sheaf_capacity(cache);
  }
  CpuSheavesView cpu_sheaves(CacheHandle cache, unsigned cpu) const override {
    CpuSheavesView view = honest_.cpu_sheaves(cache, cpu);
    if (change_cpu_sheaves) change_cpu_sheaves(view);
    return view;
  }
  BarnView barn(CacheHandle cache, unsigned node) const override {
    BarnView view = honest_.barn(cache, node);
    if (change_barn) change_barn(view);
    return view;
  }
  SheafView sheaf(SheafId sheaf) const override {
    SheafView view = honest_.sheaf(sheaf);
    if (change_sheaf) change_sheaf(view);
    return view;
  }
  SheafId next_in_barn(SheafId sheaf) const override { return honest_.next_in_barn(sheaf); }
  unsigned node_of_cpu(unsigned cpu) const override { return honest_.node_of_cpu(cpu); }
  SlabId slab_of_page(std::uint32_t page) const override { return honest_.slab_of_page(page); }
  SlabId next_slab(std::uint32_t page) const override { return honest_.next_slab(page); }
  SlabView slab(SlabId slab) const override {
    SlabView view = honest_.slab(slab);
    if (change_slab) change_slab(slab, view);
    return view;
  }
  SlabId next_on_list(SlabId slab) const override { return honest_.next_on_list(slab); }
  SlabId next_on_chain(SlabId slab) const override { return honest_.next_on_chain(slab); }
  std::size_t read_freelist(const SlabView& slab, const void* first,
                            std::span<const void*> objects) const override {
    const std::size_t length = honest_.read_freelist(slab, first, objects);
    return change_freelist ? change_freelist(objects, length) : length;
  }
  const void* next_free(CacheHandle cache, const void* object) const override {
    return honest_.next_free(cache, object);
  }
  std::uintptr_t stored_link(CacheHandle cache, const void* object) const override {
    return shows_links ? reinterpret_cast<std::uintptr_t>(honest_.next_free(cache, object))
                       : honest_.stored_link(cache, object);
  }
  bool is_internal(const void* object) const override { return honest_.is_internal(object); }
  const void* first_deferred(unsigned cpu) const override {
    return first_deferred_of ? first_deferred_of(cpu) : honest_.first_deferred(cpu);
  }
  bool has_deferred_slabs(unsigned cpu) const override { return honest_.has_deferred_slabs(cpu); }
  bool is_deferred(const void* object) const override {
    return all_deferred || honest_.is_deferred(object);
  }

 private:
  const SlabInspector& honest_;
};

/// Does as the honest subject does, but where a function is set. It is given the honest one.
class RogueSubject final : public SlabSubject {
 public:
  explicit RogueSubject(std::unique_ptr<SlabSubject> honest)
      : honest_(std::move(honest)), inspector_(honest_->inspector()) {}

  using Alloc = std::function<void*(SlabSubject&, std::size_t size, page::Gfp gfp, int node)>;
  using Free = std::function<void(SlabSubject&, const void* object)>;
  using OfCache = std::function<bool(SlabSubject&, CacheHandle cache)>;
  Alloc on_kmalloc, on_kmalloc_nolock;
  Free on_kfree, on_kfree_nolock;
  std::function<std::size_t(SlabSubject&, const void*)> on_ksize;
  std::function<CacheHandle(SlabSubject&, CacheSpec)> on_create;
  OfCache on_destroy, on_shrink;
  std::function<void*(SlabSubject&, CacheHandle, page::Gfp, int)> on_cache_alloc;
  std::function<void(SlabSubject&, CacheHandle, void*)> on_cache_free;
  std::function<void(SlabSubject&)> on_barrier;
  std::function<SheafId(SlabSubject&, CacheHandle, page::Gfp, unsigned count)> on_prefill;
  std::function<bool(SlabSubject&, CacheHandle, page::Gfp, SheafId&, unsigned count)> on_refill;
  std::function<void*(SlabSubject&, CacheHandle, page::Gfp, SheafId)> on_alloc_from_sheaf;
  std::function<void(SlabSubject&, CacheHandle, SheafId)> on_return_sheaf;
  std::function<void(SlabOptions&)> change_options;
  std::function<void(SlabSubject&, Pages, unsigned)> on_free_pages;

  std::function<void(SlabSubject&)> on_end_accounting;

  RogueInspector& rogue_inspector() { return inspector_; }
  RogueMemcg& rogue_memcg() { return memcg_; }
  void reset(const SlabOptions& options) override {
    SlabOptions changed = options;
    if (change_options) change_options(changed);
    honest_->reset(changed);
    memcg_.watch(honest_->memcg());
  }
  const MemcgInspector* memcg() const override { return memcg_.is_on() ? &memcg_ : nullptr; }
  const SlabInspector& inspector() const override { return inspector_; }

  void* kmalloc(std::size_t size, page::Gfp gfp, int node) override {
    return on_kmalloc ? on_kmalloc(*honest_, size, gfp, node) : honest_->kmalloc(size, gfp, node);
  }
  void kfree(const void* object) override {
    on_kfree ? on_kfree(*honest_, object) : honest_->kfree(object);
  }
  void* kmalloc_nolock(std::size_t size, page::Gfp gfp, int node) override {
    return on_kmalloc_nolock ? on_kmalloc_nolock(*honest_, size, gfp, node)
                             : honest_->kmalloc_nolock(size, gfp, node);
  }
  void kfree_nolock(const void* object) override {
    on_kfree_nolock ? on_kfree_nolock(*honest_, object) : honest_->kfree_nolock(object);
  }
  std::size_t ksize(const void* object) override {
    return on_ksize ? on_ksize(*honest_, object) : honest_->ksize(object);
  }
  CacheHandle kmem_cache_create(const CacheSpec& spec) override {
    return on_create ? on_create(*honest_, spec) : honest_->kmem_cache_create(spec);
  }
  bool kmem_cache_destroy(CacheHandle cache) override {
    return on_destroy ? on_destroy(*honest_, cache) : honest_->kmem_cache_destroy(cache);
  }
  bool kmem_cache_shrink(CacheHandle cache) override {
    return on_shrink ? on_shrink(*honest_, cache) : honest_->kmem_cache_shrink(cache);
  }
  void* kmem_cache_alloc(CacheHandle cache, page::Gfp gfp, int node) override {
    return on_cache_alloc ? on_cache_alloc(*honest_, cache, gfp, node)
                          : honest_->kmem_cache_alloc(cache, gfp, node);
  }
  void kmem_cache_free(CacheHandle cache, void* object) override {
    on_cache_free ? on_cache_free(*honest_, cache, object)
                  : honest_->kmem_cache_free(cache, object);
  }
  void* kmem_cache_alloc_nolock(CacheHandle cache, page::Gfp gfp, int node) override {
    return honest_->kmem_cache_alloc_nolock(cache, gfp, node);
  }
  void kmem_cache_free_nolock(CacheHandle cache, void* object) override {
    honest_->kmem_cache_free_nolock(cache, object);
  }
  void deferred_work_barrier() override {
    on_barrier ? on_barrier(*honest_) : honest_->deferred_work_barrier();
  }
  SheafId kmem_cache_prefill_sheaf(CacheHandle cache, page::Gfp gfp, unsigned count) override {
    return on_prefill ? on_prefill(*honest_, cache, gfp, count)
                      : honest_->kmem_cache_prefill_sheaf(cache, gfp, count);
  }
  bool kmem_cache_refill_sheaf(CacheHandle cache, page::Gfp gfp, SheafId& sheaf,
                               unsigned count) override {
    return on_refill ? on_refill(*honest_, cache, gfp, sheaf, count)
                     : honest_->kmem_cache_refill_sheaf(cache, gfp, sheaf, count);
  }
  void* kmem_cache_alloc_from_sheaf(CacheHandle cache, page::Gfp gfp, SheafId sheaf) override {
    return on_alloc_from_sheaf ? on_alloc_from_sheaf(*honest_, cache, gfp, sheaf)
                               : honest_->kmem_cache_alloc_from_sheaf(cache, gfp, sheaf);
  }
  void kmem_cache_return_sheaf(CacheHandle cache, SheafId sheaf) override {
    on_return_sheaf ? on_return_sheaf(*honest_, cache, sheaf)
                    : honest_->kmem_cache_return_sheaf(cache, sheaf);
  }
  Pages alloc_pages(page::Gfp gfp, int node, unsigned order) override {
    return honest_->alloc_pages(gfp, node, order);
  }
  void free_pages(Pages pages, unsigned order) override {
    on_free_pages ? on_free_pages(*honest_, pages, order) : honest_->free_pages(pages, order);
  }
  Pages alloc_pages_nolock(page::Gfp gfp, int node, unsigned order) override {
    return honest_->alloc_pages_nolock(gfp, node, order);
  }
  void free_pages_nolock(Pages pages, unsigned order) override {
    honest_->free_pages_nolock(pages, order);
  }
  void drain_pcp() override { honest_->drain_pcp(); }
  void drain_parked() override { honest_->drain_parked(); }
  bool replace_payer(unsigned group) override { return honest_->replace_payer(group); }
  void drain_stock() override { honest_->drain_stock(); }
  void end_accounting() override {
    on_end_accounting ? on_end_accounting(*honest_) : honest_->end_accounting();
  }

 private:
  std::unique_ptr<SlabSubject> honest_;
  RogueMemcg memcg_;
  RogueInspector inspector_;
};

struct SlabCourt {
  using Rogue = RogueSubject;
  static engine::Target target() { return slab_target(); }
  static std::unique_ptr<engine::World> make_world(
      inject::Simulation& simulation, const std::function<void(RogueSubject&)>& commit) {
    auto subject = std::make_unique<RogueSubject>(make_own_slab_subject(simulation));
    commit(*subject);
    return std::make_unique<SlabWorld>(simulation, std::move(subject));
  }
};

using Crime = CrimeOf<RogueSubject>;
using SlabCrimes = Crimes<SlabCourt>;

}  // namespace anyctx::target
