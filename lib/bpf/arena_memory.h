// ArenaMemory: what an arena takes from the allocators. The group of its creator pays for it.
// Source: Linux 7.3 kernel/bpf/arena.c: all but records of user mappings and page tables is
// charged.
#pragma once

#include "lib/page/mem_cgroup.h"
#include "lib/slab/slab_allocator.h"

namespace anyctx::bpf {

/// Every context, unless it says otherwise. Nothing is owned.
template <machine::Machine M>
class ArenaMemory {
 public:
  using Page = page::Page<M>;

  ArenaMemory(page::PageAllocator<M>& pages, slab::SlabAllocator<M>& slabs,
              page::MemCgroup<M>& payer)
      : pages_(&pages), slabs_(&slabs), payer_(&payer) {}

  page::PageAllocator<M>& pages() const { return *pages_; }

  /// Null: there is no memory, or nobody pays for it. release() wants to know the size again.
  void* allocate(std::size_t bytes) {
    return charged(bytes, [&] { return slabs_->kmalloc_nolock(bytes, page::gfp::account); });
  }
  void release(void* object, std::size_t bytes) {
    slabs_->kfree_nolock(object);
    payer_->uncharge(bytes);
  }
  /// The same for tasks, which may wait.
  void* allocate_sleeping(std::size_t bytes) {
    return charged(bytes, [&] { return slabs_->kmalloc(bytes, page::gfp::kernel); });
  }

  /// A zeroed page with one reference, or null.
  Page* allocate_page(int node) {
    return charged(pages_->page_size(),
                   [&] { return pages_->alloc_pages_nolock(page::gfp::account, node, 0); });
  }
  Page* allocate_page_sleeping() {
    return charged(pages_->page_size(), [&] {
      return pages_->alloc_pages(page::gfp::kernel | page::gfp::zero, page::kNoNode, 0);
    });
  }
  /// Drops the arena's reference.
  void release_page(Page& page) {
    pages_->free_pages_nolock(&page, 0);
    payer_->uncharge(pages_->page_size());
  }
  /// The same for tasks without locks.
  void release_page_sleeping(Page& page) {
    pages_->free_pages(&page, 0);
    payer_->uncharge(pages_->page_size());
  }

 private:
  template <class F>
  auto charged(std::size_t bytes, F allocate) -> decltype(allocate()) {
    if (!payer_->try_charge(bytes)) return nullptr;
    const auto memory = allocate();
    if (memory == nullptr) payer_->uncharge(bytes);
    return memory;
  }

  page::PageAllocator<M>* pages_;
  slab::SlabAllocator<M>* slabs_;
  page::MemCgroup<M>* payer_;
};

}  // namespace anyctx::bpf
