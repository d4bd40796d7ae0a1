// SlabAllocator: the rarer parts of kmalloc. Included by slab_allocator.h.
#pragma once

namespace anyctx::slab {

template <machine::Machine M>
void* SlabAllocator<M>::kmalloc_nolock(std::size_t size, page::Gfp gfp, int nid) {
  if (size == 0) return kZeroSize;
  // RT: the CPU's slab lock sleeps, so even trying it needs a context whose other tasks it may
  // belong to. What sheaves need is tried by its own rules.
  const bool needs_preemption = M::rt() && config_.design == Design::classic;
  const bool tries_are_forbidden =
      !sync::can_spin_trylock<M>() || (needs_preemption && !M::preemptible());
  if (M::fails(site::context, tries_are_forbidden)) return nullptr;
  if (M::fails(site::size, size > kMaxCacheSize)) return nullptr;
  const page::Gfp used = gfp & (page::gfp::zero | page::gfp::reclaimable);
  Request request{used, nid, page::Spin::never, static_cast<std::uint32_t>(size)};

  std::size_t least = size;
  for (unsigned attempt = 0; attempt < 2 && least <= kMaxCacheSize; ++attempt) {
    Cache<M>& cache = bucket(least, used);
    const bool is_limited = !M::has_cas2() && config_.without_cas2 != WithoutCas2::try_lock;
    request.only_cached = is_limited && config_.without_cas2 == WithoutCas2::sheaf_only;
    const bool is_refused =
        is_limited && !cache.is_debug() && !(request.only_cached && cache.has_sheaves());
    if (M::fails(site::no_cas2, is_refused)) return nullptr;
    if (void* const object = allocate(cache, request)) [[likely]]
      return object;
    // Whatever stood in the way belongs to one cache: a frame inside its sections, its list lock,
    // the lack of pages of its order. One more try in the next size.
    least = cache.object_size() + std::size_t{1};
  }
  return nullptr;
}

template <machine::Machine M>
std::size_t SlabAllocator<M>::ksize(const void* object) {
  if (is_nothing(object)) return 0;
  const Slab<M>* const slab = source_.slab_of(object);
  if (slab == nullptr) {
    page::PageAllocator<M>& pages = source_.pages();
    page::Page<M>* const page = pages.page_of(object);
    if (page == nullptr || pages.head(page)->kind != page::PageKind::large) return 0;
    return pages.page_size() << pages.head(page)->order;
  }
  // From now on the user may use all of it: the red zone begins behind it.
  if (slab->cache->is_debug()) {
    DebugObject(*slab->cache, const_cast<void*>(object))
        .set_requested_size(slab->cache->object_size());
  }
  return slab->cache->object_size();
}

template <machine::Machine M>
void* SlabAllocator<M>::kmalloc_large(std::size_t size, page::Gfp gfp, int nid) {
  page::PageAllocator<M>& pages = source_.pages();
  if (M::fails(site::size, size > pages.page_size() << page::kMaxOrder)) return nullptr;
  const unsigned order = order_of(size, pages.page_shift());
  page::Page<M>* const page = pages.alloc_pages(gfp | page::gfp::comp, nid, order);
  if (page == nullptr) return nullptr;
  page->kind = page::PageKind::large;
  return pages.address(page);
}

template <machine::Machine M>
void SlabAllocator<M>::kfree_large(const void* object) {
  page::PageAllocator<M>& pages = source_.pages();
  page::Page<M>* const page = pages.page_of(object);
  if (page == nullptr) return M::bug(machine::Bug::invalid_free, object);
  if (page->kind == page::PageKind::large && pages.address(page) == object) {
    page->kind = page::PageKind::live;
    return pages.free_pages(page, page->order);
  }
  using page::PageKind;
  const bool is_free = page->kind == PageKind::free || page->kind == PageKind::pcp ||
                       page->kind == PageKind::parked || page->kind == PageKind::freeing;
  M::bug(is_free ? machine::Bug::double_free : machine::Bug::invalid_free, object);
}

}  // namespace anyctx::slab
