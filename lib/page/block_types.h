// Changes of a pageblock's type: moving its free blocks, isolation, and the reserve for atomic
// requests. Source: Linux 7.3 mm/page_alloc.c, mm/page_isolation.c.
#pragma once

#include "lib/page/buddy.h"

namespace anyctx::page {

/// All functions are called with the zone lock held. `block` is the first page of a pageblock.
template <machine::Machine M>
class BlockTypes {
 public:
  explicit BlockTypes(Buddy<M>& buddy) : buddy_(buddy), map_(buddy.map()) {}

  bool whole_in_zone(const Page<M>* block) const {
    const std::size_t pfn = map_.pfn(block);
    return pfn >= buddy_.start() && pfn + map_.pageblock_pages() <= buddy_.end();
  }

  /// Free pages of the pageblock. No free block reaches beyond it.
  std::int64_t free_pages(const Page<M>* block) const {
    std::int64_t pages = 0;
    for_each_free(block, [&](Page<M>* page) { pages += pages_of(order_of(page)); });
    return pages;
  }

  /// Moves the free blocks of the pageblock to the lists of another type; returns their pages.
  /// The caller sets the pageblock's type and accounts for the pages.
  std::int64_t move_free(const Page<M>* block, MigrateType to) {
    std::int64_t pages = 0;
    for_each_free(block, [&](Page<M>* page) {
      const unsigned order = order_of(page);
      buddy_.areas().remove(page);
      buddy_.areas().insert(page, order, to, true);
      pages += pages_of(order);
    });
    return pages;
  }

  /// Takes the free pages of a pageblock out of circulation, and keeps those out that are freed
  /// later. False if it was isolated before or is not whole.
  bool isolate(Page<M>* block) {
    if (!whole_in_zone(block) || map_.type_of(block) == MigrateType::isolate) return false;
    set_isolated(block, true);
    return true;
  }
  bool unisolate(Page<M>* block) {
    if (!whole_in_zone(block) || map_.type_of(block) != MigrateType::isolate) return false;
    set_isolated(block, false);
    return true;
  }

  /// Sets the pageblocks of a block aside for atomic requests; returns how many pages that are.
  std::size_t reserve(Page<M>* page, unsigned order) {
    Page<M>* block = map_.pageblock(page);
    const MigrateType type = map_.type_of(block);
    if (!is_mergeable(type) || !whole_in_zone(block)) return 0;
    if (order >= map_.pageblock_order()) {
      map_.set_type(page, order, MigrateType::highatomic);
      return static_cast<std::size_t>(pages_of(order));
    }
    change_type(block, type, MigrateType::highatomic);
    return map_.pageblock_pages();
  }

  /// Gives one pageblock of the reserve that has free pages back to ordinary use; returns pages.
  std::size_t unreserve(MigrateType to) {
    for (unsigned order = 0; order < kOrders; ++order) {
      Page<M>* page = buddy_.areas().first(order, MigrateType::highatomic);
      if (page == nullptr) continue;
      if (order < map_.pageblock_order()) {
        change_type(map_.pageblock(page), MigrateType::highatomic, to);
        return map_.pageblock_pages();
      }
      buddy_.areas().remove(page);
      buddy_.areas().account(-pages_of(order), MigrateType::highatomic);
      map_.set_type(page, order, to);
      buddy_.free_block(page, order);
      return static_cast<std::size_t>(pages_of(order));
    }
    return 0;
  }

 private:
  static unsigned order_of(const Page<M>* page) {
    return static_cast<unsigned>(page->private_word);
  }

  void change_type(Page<M>* block, MigrateType from, MigrateType to) {
    const std::int64_t moved = move_free(block, to);
    M::probe(site::zone_claim);
    map_.set_type(block, 0, to);
    buddy_.areas().account(-moved, from);
    buddy_.areas().account(moved, to);
  }

  void set_isolated(Page<M>* block, bool isolated) {
    const MigrateType from = map_.type_of(block);
    if (Page<M>* whole = covering_free_block(block)) {
      // Free it anew: its pageblocks part, or merge, according to their new types.
      const unsigned order = order_of(whole);
      buddy_.areas().remove(whole);
      buddy_.areas().account(-pages_of(order), from);
      map_.set_isolated(block, isolated);
      buddy_.free_block(whole, order);
      return;
    }
    map_.set_isolated(block, isolated);
    const MigrateType to = map_.type_of(block);
    const std::int64_t moved = move_free(block, to);
    buddy_.areas().account(-moved, from);
    buddy_.areas().account(moved, to);
  }

  template <class Visit>
  void for_each_free(const Page<M>* block, Visit visit) const {
    const std::size_t first = map_.pfn(block);
    for (std::size_t pfn = first; pfn < first + map_.pageblock_pages();) {
      Page<M>* page = map_.page(pfn);
      const std::size_t step = page->buddy ? std::size_t{1} << page->private_word : 1;
      if (page->buddy) visit(page);
      pfn += step;
    }
  }

  // The free block that contains the whole pageblock, if there is one.
  Page<M>* covering_free_block(const Page<M>* block) const {
    const std::size_t pfn = map_.pfn(block);
    for (unsigned order = map_.pageblock_order(); order < kOrders; ++order) {
      const std::size_t first = pfn & ~((std::size_t{1} << order) - 1);
      if (first < buddy_.start()) return nullptr;
      Page<M>* page = map_.page(first);
      if (page->buddy && page->private_word >= order) return page;
    }
    return nullptr;
  }

  Buddy<M>& buddy_;
  const PageMap<M>& map_;
};

}  // namespace anyctx::page
