// HeldBack: memory of a zone that is not in the buddy system yet: deferred initialisation, or a
// guest's memory that must be accepted before it is touched. Source: Linux 7.3 mm/mm_init.c,
// mm/page_alloc.c (accept_memory_one()).
#pragma once

#include "lib/page/page_list.h"

namespace anyctx::page {

/// The list belongs to the zone lock; how many pages there are may be read without it.
template <machine::Machine M>
class HeldBack {
 public:
  void reset() {
    blocks_ = {};
    pages_.init(0);
  }

  /// Construction only.
  void add(Page<M>* page, unsigned order) {
    page->order = static_cast<std::uint8_t>(order);
    blocks_.push_back(page);
    pages_.init(pages_.peek() + (std::uint64_t{1} << order));
  }

  bool empty() const { return pages_.load(std::memory_order_relaxed) == 0; }

  /// The next block, its pages `free` now; null if there is none.
  Page<M>* take() {
    Page<M>* page = blocks_.first();
    if (page == nullptr) return nullptr;
    blocks_.remove(page);
    const std::uint64_t size = std::uint64_t{1} << page->order;
    const std::uint64_t left = pages_.load(std::memory_order_relaxed) - size;
    pages_.store(left, std::memory_order_relaxed);
    for (std::uint64_t i = 0; i < size; ++i) page[i].kind = PageKind::free;
    return page;
  }

  // For oracles.
  std::uint64_t peek_pages() const { return pages_.peek(); }
  const PageList<M>& blocks() const { return blocks_; }

 private:
  PageList<M> blocks_;
  machine::Atomic<M, std::uint64_t, site::held_back> pages_;
};

}  // namespace anyctx::page
