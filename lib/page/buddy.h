// Buddy: splits and merges the free blocks of one zone. Source: Linux 7.3 mm/page_alloc.c
// (__free_one_page(), __rmqueue_smallest(), split_large_buddy()).
//
// Taking blocks over from other migrate types is in fallback.h, isolation and the atomic reserve
// are in block_types.h.
#pragma once

#include "lib/page/free_areas.h"
#include "lib/page/page_map.h"

namespace anyctx::page {

/// All members are called with the zone lock held, but for the lockless readers of areas().
/// Page frames start()..end()-1 belong to the zone; no block reaches across its ends.
template <machine::Machine M>
class Buddy {
 public:
  void reset(const PageMap<M>* map, std::size_t start, std::size_t end) {
    map_ = map;
    start_ = start;
    end_ = end;
    areas_.reset();
  }

  const PageMap<M>& map() const { return *map_; }
  FreeAreas<M>& areas() { return areas_; }
  const FreeAreas<M>& areas() const { return areas_; }
  std::size_t start() const { return start_; }
  std::size_t end() const { return end_; }

  /// Gives a block back. It is on no list, and all pages but the first are `free` already. A block
  /// larger than a pageblock is freed in pieces, each to the type of its pageblock.
  void free_block(Page<M>* page, unsigned order) {
    const unsigned piece = order < map_->pageblock_order() ? order : map_->pageblock_order();
    const Page<M>* const end = page + pages_of(order);
    page->kind = PageKind::free;
    for (; page < end; page += pages_of(piece)) merge(page, piece, map_->type_of(page));
  }

  /// The smallest block that fits, from the lists of one type; null if there is none.
  Page<M>* take_smallest(unsigned order, MigrateType type) {
    for (unsigned o = order; o < kOrders; ++o) {
      Page<M>* page = areas_.first(o, type);
      if (page == nullptr) continue;
      take_part(page, order, type);
      return page;
    }
    return nullptr;
  }

  /// Takes the first 2^order pages of a listed block; the rest goes to the lists of `rest_type`.
  void take_part(Page<M>* page, unsigned order, MigrateType rest_type) {
    const auto high = static_cast<unsigned>(page->private_word);
    areas_.remove(page);
    M::probe(site::zone_section);
    expand(page, order, high, rest_type);
    areas_.account(-pages_of(order), rest_type);
  }

  /// The free block of exactly this order that would merge with the one at `pfn`, or null.
  Page<M>* free_buddy(std::size_t pfn, unsigned order) const {
    const std::size_t other = pfn ^ (std::size_t{1} << order);
    if (other < start_ || other + (std::size_t{1} << order) > end_) return nullptr;
    Page<M>* page = map_->page(other);
    return page->buddy && page->private_word == order ? page : nullptr;
  }

 private:
  void expand(Page<M>* page, unsigned low, unsigned high, MigrateType type) {
    while (high > low) {
      --high;
      areas_.insert(page + pages_of(high), high, type);
      M::probe(site::zone_expand);
    }
  }

  void merge(Page<M>* page, unsigned order, MigrateType type) {
    std::size_t pfn = map_->pfn(page);
    areas_.account(pages_of(order), type);
    for (; order < kMaxOrder; ++order) {
      Page<M>* buddy = free_buddy(pfn, order);
      if (buddy == nullptr || !may_merge(order, type, buddy->list_type)) break;
      const MigrateType buddy_type = buddy->list_type;
      areas_.remove(buddy);
      M::probe(site::zone_merge);
      if (buddy_type != type) map_->set_type(buddy, order, type);
      pfn &= ~(std::size_t{1} << order);
    }
    areas_.insert(map_->page(pfn), order, type, next_merge_is_likely(pfn, order));
  }

  // Within a pageblock the types agree. Whole pageblocks that are set aside stay apart.
  bool may_merge(unsigned order, MigrateType a, MigrateType b) const {
    return order < map_->pageblock_order() || a == b || (is_mergeable(a) && is_mergeable(b));
  }

  // If the other half of the next larger block is free already, this block is kept for last, so
  // that it has time to become whole.
  bool next_merge_is_likely(std::size_t pfn, unsigned order) const {
    if (order + 1 >= kMaxOrder) return false;
    const std::size_t larger = pfn & ~(std::size_t{1} << order);
    return free_buddy(larger, order + 1) != nullptr;
  }

  const PageMap<M>* map_ = nullptr;
  std::size_t start_ = 0;
  std::size_t end_ = 0;
  FreeAreas<M> areas_;
};

}  // namespace anyctx::page
