// SlabAllocator: the rarer parts of kmalloc. Included by slab_allocator.h.
#pragma once

namespace anyctx::slab {

template <machine::Machine M>
void* SlabAllocator<M>::kmalloc_nolock(std::size_t size, page::Gfp gfp, int nid) {
  if (size - 1 >= kMaxCacheSize) [[unlikely]]
    return size == 0 ? kZeroSize : kmalloc_large_nolock(size, gfp, nid);
  if (M::fails(site::context, !may_try())) return nullptr;
  const page::Gfp used = gfp & (page::gfp::zero | page::gfp::reclaimable | page::gfp::account);
  Request request{used, nid, page::Spin::never, static_cast<std::uint32_t>(size)};

  std::size_t least = size;
  for (unsigned attempt = 0; attempt < 2 && least <= kMaxCacheSize; ++attempt) {
    Cache<M>& cache = bucket(least, used);
    if (M::fails(site::no_cas2, !may_serve(cache, request))) return nullptr;
    if (void* const object = allocate(cache, request)) [[likely]]
      return charge_.is_on() ? charged(cache, object, request) : object;
    // Whatever stood in the way belongs to one cache: a frame inside its sections, its list lock,
    // the lack of pages of its order. One more try in the next size.
    least = cache.object_size() + std::size_t{1};
  }
  return nullptr;
}

/// RT: the CPU's slab lock sleeps, so even trying it needs a context whose other tasks it may
/// belong to. What sheaves need is tried by its own rules.
template <machine::Machine M>
bool SlabAllocator<M>::may_try() const {
  const bool needs_preemption = M::rt() && config_.design == Design::classic;
  return sync::can_spin_trylock<M>() && (!needs_preemption || M::preemptible());
}

/// What may serve a nolock request where no double-word swap exists. False: nothing.
template <machine::Machine M>
bool SlabAllocator<M>::may_serve(const Cache<M>& cache, Request& request) const {
  const bool is_limited = !M::has_cas2() && config_.without_cas2 != WithoutCas2::try_lock;
  request.only_cached = is_limited && config_.without_cas2 == WithoutCas2::sheaf_only;
  return !is_limited || cache.is_debug() || (request.only_cached && cache.has_sheaves());
}

template <machine::Machine M>
void* SlabAllocator<M>::kmem_cache_alloc_nolock(Cache<M>* cache, page::Gfp gfp, int nid) {
  if (M::fails(site::context, !may_try())) return nullptr;
  Request request{gfp & (page::gfp::zero | page::gfp::account), nid, page::Spin::never,
                  cache->object_size()};
  if (M::fails(site::no_cas2, !may_serve(*cache, request))) return nullptr;
  void* const object = allocate(*cache, request);
  return charge_.is_on() ? charged(*cache, object, request) : object;
}

// Who should pay and may not gets nothing: a larger object would not be cheaper. The object goes
// back the way the caller may free it.
template <machine::Machine M>
void* SlabAllocator<M>::charged(Cache<M>& cache, void* object, const Request& request) {
  if (object == nullptr || charge_.charge(object, request.gfp, request.spin)) return object;
  Slab<M>& slab = *source_.slab_of(object);
  request.spin == page::Spin::never ? free_.free_nolock(cache, slab, object)
                                    : free_.free(cache, slab, object);
  return nullptr;
}

template <machine::Machine M>
void* SlabAllocator<M>::allocate_vector(std::size_t bytes, page::Gfp gfp, page::Spin spin) {
  gfp |= page::gfp::zero;
  if (bytes > kMaxCacheSize) {
    if (M::fails(site::vector_size, spin == page::Spin::never)) return nullptr;
    return kmalloc_large(bytes, gfp, page::kNoNode);
  }
  Cache<M>& cache = *buckets_[static_cast<unsigned>(Family::internal)][bucket_of(bytes)];
  const Request request{gfp, page::kNoNode, spin, static_cast<std::uint32_t>(bytes)};
  return allocate(cache, request);
}

template <machine::Machine M>
void SlabAllocator<M>::free_vector(void* vector, page::Spin spin) {
  Slab<M>* const slab = source_.slab_of(vector);
  if (slab == nullptr) {
    page::PageAllocator<M>& pages = source_.pages();
    page::Page<M>* const page = pages.page_of(vector);
    page->kind = page::PageKind::live;
    return spin == page::Spin::never ? pages.free_pages_nolock(page, page->order)
                                     : pages.free_pages(page, page->order);
  }
  spin == page::Spin::never ? free_.free_nolock(*slab->cache, *slab, vector)
                            : free_.free(*slab->cache, *slab, vector);
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

/// The page allocator knows which orders it can serve without waiting.
template <machine::Machine M>
void* SlabAllocator<M>::kmalloc_large_nolock(std::size_t size, page::Gfp gfp, int nid) {
  page::PageAllocator<M>& pages = source_.pages();
  if (M::fails(site::size, size > pages.page_size() << page::kMaxOrder)) return nullptr;
  page::Page<M>* const page =
      pages.alloc_pages_nolock(gfp & page::gfp::account, nid, order_of(size, pages.page_shift()));
  if (page == nullptr) return nullptr;
  page->kind = page::PageKind::large;
  return pages.address(page);
}

template <machine::Machine M>
void SlabAllocator<M>::kfree_large(const void* object, page::Spin spin) {
  page::PageAllocator<M>& pages = source_.pages();
  page::Page<M>* const page = pages.page_of(object);
  if (page == nullptr) return M::bug(machine::Bug::invalid_free, object);
  if (page->kind == page::PageKind::large && pages.address(page) == object) {
    if (free_.deferred().contains(object)) return M::bug(machine::Bug::double_free, object);
    page->kind = page::PageKind::live;
    return spin == page::Spin::allowed ? pages.free_pages(page, page->order)
                                       : pages.free_pages_nolock(page, page->order);
  }
  using page::PageKind;
  const bool is_free = page->kind == PageKind::free || page->kind == PageKind::pcp ||
                       page->kind == PageKind::parked || page->kind == PageKind::freeing;
  M::bug(is_free ? machine::Bug::double_free : machine::Bug::invalid_free, object);
}

}  // namespace anyctx::slab
