// SlabAllocator: frees after a grace period. Included by slab_allocator.h.
#pragma once

namespace anyctx::slab {

template <machine::Machine M>
template <class Domain>
void SlabAllocator<M>::free_after_grace(defer::LlistNode* head, Domain& domain) {
  if (mark_waiting(head) != nullptr) domain.release_later(head);
}

template <machine::Machine M>
void SlabAllocator<M>::free_after_rcu(defer::LlistNode* head, page::Spin spin) {
  void* const object = mark_waiting(head);
  if (object == nullptr) return;
  Slab<M>* const slab = source_.slab_of(object);
  if (slab != nullptr && sheaves_.push_waiting(*slab->cache, *slab, object, spin)) return;
  grace_->rcu.release_later(head);
}

/// The object that the word lies in, which is freed by nobody else from now on; null after a
/// report.
template <machine::Machine M>
void* SlabAllocator<M>::mark_waiting(defer::LlistNode* head) {
  void* const object = object_around(head);
  if (object == nullptr) {
    M::bug(machine::Bug::invalid_free, head);
  } else if (!free_.deferred().mark(object)) {
    M::bug(machine::Bug::double_free, object);
    return nullptr;
  }
  return object;
}

/// An object in a sheaf: readers are gone.
template <machine::Machine M>
void SlabAllocator<M>::clean(void* object) {
  free_.deferred().forget(object);
  Slab<M>& slab = *source_.slab_of(object);
  if (charge_.is_on()) [[unlikely]]
    charge_.uncharge(slab, object, page::Spin::allowed);
  slab.cache->mark_free(object);
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
  submit_waiting();
  grace_->srcu.barrier();
  grace_->rcu.barrier();
}

/// Objects wait in sheaves for others before they wait for readers.
template <machine::Machine M>
void SlabAllocator<M>::submit_waiting() {
  if (config_.design != Design::sheaves) return;
  caches_mutex_.lock();
  flush_.submit_everywhere(*first_cache_);
  caches_mutex_.unlock();
}

}  // namespace anyctx::slab
