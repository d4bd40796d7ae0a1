// SlabAllocator: frees after a grace period. Included by slab_allocator.h.
#pragma once

namespace anyctx::slab {

template <machine::Machine M>
template <class Domain>
void SlabAllocator<M>::free_after_grace(defer::LlistNode* head, Domain& domain) {
  void* const object = object_around(head);
  if (object == nullptr) return M::bug(machine::Bug::invalid_free, head);
  if (!free_.deferred().mark(object)) return M::bug(machine::Bug::double_free, object);
  domain.release_later(head);
}

/// The start of the object that a word lies in; null if in none.
template <machine::Machine M>
void* SlabAllocator<M>::object_around(const void* word) const {
  if (const Slab<M>* const slab = source_.slab_of(word)) {
    const Layout& layout = slab->cache->layout();
    std::byte* const first = source_.start(*slab) + layout.left_pad;
    const auto distance = static_cast<std::size_t>(static_cast<const std::byte*>(word) - first);
    std::byte* const object = first + distance / layout.size * layout.size;
    const bool has_room = distance % layout.size + sizeof(defer::LlistNode) <= layout.object_size;
    return source_.is_slot(*slab, object) && has_room ? object : nullptr;
  }
  const page::PageAllocator<M>& pages = source_.pages();
  page::Page<M>* const page = pages.page_of(word);
  if (page == nullptr || page->kind != page::PageKind::large) return nullptr;
  return pages.address(page);
}

/// A grace period is over. May spin.
template <machine::Machine M>
void SlabAllocator<M>::release(defer::LlistNode* head) {
  void* const object = object_around(head);
  free_.deferred().forget(object);
  kfree(object);
}

template <machine::Machine M>
void SlabAllocator<M>::kvfree_rcu_barrier() {
  deferred_work_barrier();
  grace_->srcu.barrier();
  grace_->rcu.barrier();
}

}  // namespace anyctx::slab
