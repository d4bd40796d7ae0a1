// SlabSource: makes slabs out of pages and gives them back; finds the slab of an object.
// Source: Linux 7.3 mm/slub.c (allocate_slab, free_slab, virt_to_slab).
#pragma once

#include <span>

#include "lib/defer/grace.h"
#include "lib/page/page_allocator.h"
#include "lib/slab/cache.h"
#include "lib/slab/debug_object.h"
#include "lib/slab/object_charge.h"

namespace anyctx::slab {

/// What an allocation path needs to know about a request.
struct Request {
  page::Gfp gfp = page::Gfp::none;
  int nid = page::kNoNode;
  page::Spin spin = page::Spin::never;
  std::uint32_t size = 0;    // as the user asked for it
  bool only_cached = false;  // nothing but a sheaf may serve it
};

template <machine::Machine M>
class SlabSource {
 public:
  /// `slabs`: at least one per page of `pages`. Single-threaded.
  void init(page::PageAllocator<M>& pages, defer::Grace<M>& grace, std::span<Slab<M>> slabs) {
    pages_ = &pages;
    grace_ = &grace;
    charge_ = nullptr;
    slabs_ = slabs.first(pages.map().count());
    base_ = pages.map().address(pages.map().page(0));
    page_shift_ = pages.page_shift();
    for (std::size_t i = 0; i < slabs_.size(); ++i) {
      slabs_[i].head = nullptr;
      slabs_[i].node = static_cast<std::uint8_t>(pages.node_of(pages.map().page(i)));
    }
  }

  /// From now on slabs have room for who pays for their objects.
  void account_to(ObjectCharge<M>& charge) { charge_ = &charge; }

  page::PageAllocator<M>& pages() { return *pages_; }
  const page::PageAllocator<M>& pages() const { return *pages_; }
  std::span<const Slab<M>> slabs() const { return slabs_; }

  /// The slab that an object is in; null if the address is in no slab. Any context, no lock.
  Slab<M>* slab_of(const void* object) const {
    const std::size_t pfn = offset_of(object) >> page_shift_;
    return pfn < slabs_.size() ? slabs_[pfn].head : nullptr;
  }
  /// Distance from the start of the memory; huge for an address before it.
  std::size_t offset_of(const void* address) const {
    return reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(base_);
  }

  std::byte* start(const Slab<M>& slab) const {
    return static_cast<std::byte*>(pages_->address(slab.page));
  }
  std::size_t bytes(const Slab<M>& slab) const { return pages_->page_size() << slab.order; }

  /// True if `object` is the address of a slot of the slab.
  bool is_slot(const Slab<M>& slab, const void* object) const {
    const Layout& layout = slab.cache->layout();
    const std::byte* const first = start(slab) + layout.left_pad;
    const auto* const address = static_cast<const std::byte*>(object);
    if (address < first) return false;
    const auto distance = static_cast<std::size_t>(address - first);
    return distance % layout.size == 0 && distance / layout.size < slab.objects;
  }

  /// A slab with all objects free, not frozen, not counted, on no list; or null. The cache's usual
  /// order is tried first, then the smallest. Context: as page::PageAllocator::alloc_frozen_pages
  /// for the request's `spin`.
  Slab<M>* create(Cache<M>& cache, const Request& request) {
    const Layout& layout = cache.layout();
    page::Page<M>* page = allocate(request, cache, layout.order);
    unsigned order = layout.order;
    if (page == nullptr && layout.min_order < layout.order) {
      order = layout.min_order;
      page = allocate(request, cache, order);
    }
    if (page == nullptr) return nullptr;
    Slab<M>& slab = claim(cache, *page, order);
    build_freelist(cache, slab, order == layout.order ? layout.objects : layout.min_objects);
    if (charge_ != nullptr) [[unlikely]]
      charge_->prepare(slab, request.gfp, request.spin);
    M::probe(site::fresh_slab);
    return &slab;
  }

  /// Gives the pages back. Nobody can reach the slab any more, and no reader ever could. Does not
  /// touch the node's counters: only slabs that were counted are uncounted (discard()).
  void release(Slab<M>& slab, page::Spin spin) {
    destruct_all(slab);
    if (charge_ != nullptr) [[unlikely]]
      charge_->forget(slab, spin);
    page::Page<M>* const page = slab.page;
    const unsigned order = slab.order;
    const std::size_t pfn = pages_->pfn(page);
    for (std::size_t i = 0; i < std::size_t{1} << order; ++i) slabs_[pfn + i].head = nullptr;
    page->kind = page::PageKind::live;
    pages_->free_frozen_pages(page, order, spin);
  }

  /// For slabs that were counted. May spin.
  void discard(Slab<M>& slab) {
    slab.cache->node_of(slab).uncount(slab);
    retire(slab);
  }
  /// For slabs that had users. Gives the pages back, of a typesafe cache after a grace period. May
  /// spin.
  void retire(Slab<M>& slab) {
    const CacheFlags flags = slab.cache->config().flags;
    if (!has(flags, kTypesafeFlags)) return release(slab, page::Spin::allowed);
    slab.retired = true;
    slab.source = this;
    constexpr auto end = [](defer::RcuHead<M>* head) {
      Slab<M>& slab = Slab<M>::of(head);
      slab.retired = false;
      slab.source->release(slab, page::Spin::allowed);
    };
    if (has(flags, CacheFlags::typesafe_by_srcu_fast)) {
      grace_->srcu.call(&slab.grace, end);
    } else {
      grace_->rcu.call(&slab.grace, end);
    }
  }

 private:
  page::Page<M>* allocate(const Request& request, const Cache<M>& cache, unsigned order) {
    page::Gfp gfp = request.gfp & ~(page::gfp::zero | page::gfp::account);
    gfp |= page::gfp::comp;
    if (has(cache.config().flags, CacheFlags::reclaimable)) gfp |= page::gfp::reclaimable;
    return pages_->alloc_frozen_pages(gfp, request.nid, order, request.spin);
  }

  Slab<M>& claim(Cache<M>& cache, page::Page<M>& page, unsigned order) {
    const std::size_t pfn = pages_->pfn(&page);
    Slab<M>& slab = slabs_[pfn];
    page.kind = page::PageKind::slab;
    slab.cache = &cache;
    slab.page = &page;
    slab.next = nullptr;
    slab.prev = nullptr;
    slab.chain = nullptr;
    slab.detached = nullptr;
    slab.chain_length = 0;
    slab.payers.init(0);
    slab.lock.reset();
    slab.order = static_cast<std::uint8_t>(order);
    slab.on_partial = false;
    slab.retired = false;
    std::construct_at(&slab.grace);
    for (std::size_t i = 0; i < std::size_t{1} << order; ++i) slabs_[pfn + i].head = &slab;
    return slab;
  }

  void build_freelist(Cache<M>& cache, Slab<M>& slab, std::uint32_t objects) {
    const Layout& layout = cache.layout();
    std::byte* const begin = start(slab);
    std::byte* const first = begin + layout.left_pad;
    M::mark_free(begin, bytes(slab));
    if (has(cache.config().flags, CacheFlags::poison)) {
      machine::raw::fill_hidden(begin, DebugObject::kPadding, bytes(slab));
    }
    for (std::uint32_t i = 0; i < objects; ++i) {
      std::byte* const object = first + std::size_t{i} * layout.size;
      if (cache.is_debug()) DebugObject(cache, object).prepare();
      if (cache.config().constructor != nullptr) construct(cache, object);
      cache.init_next_free(object, i + 1 < objects ? object + layout.size : nullptr);
      if (cache.is_typesafe()) cache.mark_used(object);
    }
    slab.objects = objects;
    slab.init({first, {.inuse = 0, .objects = objects, .frozen = false}});
  }

  static void construct(Cache<M>& cache, void* object) {
    cache.mark_used(object);
    cache.config().constructor(object);
    cache.mark_free(object);
  }

  void destruct_all(Slab<M>& slab) {
    const Cache<M>& cache = *slab.cache;
    if (cache.config().destructor == nullptr) return;
    std::byte* object = start(slab) + cache.layout().left_pad;
    for (std::uint32_t i = slab.objects; i > 0; --i) {
      cache.mark_used(object);
      cache.config().destructor(object);
      object += cache.layout().size;
    }
  }

  // What slab_of() needs, beside each other.
  const std::byte* base_ = nullptr;
  std::span<Slab<M>> slabs_;
  unsigned page_shift_ = 0;
  page::PageAllocator<M>* pages_ = nullptr;
  defer::Grace<M>* grace_ = nullptr;
  ObjectCharge<M>* charge_ = nullptr;  // null: nobody pays
};

}  // namespace anyctx::slab
