// Fallback: how a request is served when the lists of its migrate type are empty. It claims a
// whole pageblock of another type if that seems worth it, else it steals a single block.
// Source: Linux 7.3 mm/page_alloc.c (__rmqueue_claim(), __rmqueue_steal()).
#pragma once

#include "lib/page/block_types.h"

namespace anyctx::page {

/// All functions are called with the zone lock held.
template <machine::Machine M>
class Fallback {
 public:
  explicit Fallback(Buddy<M>& buddy) : buddy_(buddy), map_(buddy.map()) {}

  /// Takes a block from a pageblock that becomes of type `type`; null if none should be claimed.
  /// Claims whole pageblocks only, if `whole_only`. Large blocks first: that mixes types least.
  Page<M>* claim(unsigned order, MigrateType type, bool whole_only) {
    const unsigned pageblock_order = map_.pageblock_order();
    const unsigned lowest = whole_only && order < pageblock_order ? pageblock_order : order;
    for (unsigned o = kMaxOrder + 1; o-- > lowest;) {
      if (!worth_claiming(o, type)) return nullptr;
      Page<M>* page = foreign_block(o, type);
      if (page == nullptr) continue;
      if (Page<M>* taken = try_claim(page, o, order, type)) return taken;
    }
    return nullptr;
  }

  /// Takes the smallest block of any other type, which keeps its pageblock.
  Page<M>* steal(unsigned order, MigrateType type) {
    for (unsigned o = order; o < kOrders; ++o) {
      Page<M>* page = foreign_block(o, type);
      if (page == nullptr) continue;
      buddy_.take_part(page, order, page->list_type);
      return page;
    }
    return nullptr;
  }

  /// True if a claim went for part of a pageblock: types are being mixed.
  bool mixed_types() const { return mixed_types_; }

 private:
  // Pages that cannot move spoil a pageblock for good, so they rather take all of it.
  bool worth_claiming(unsigned order, MigrateType type) const {
    return order >= map_.pageblock_order() / 2 || type != MigrateType::movable;
  }

  Page<M>* foreign_block(unsigned order, MigrateType type) const {
    for (const MigrateType other : fallbacks(type)) {
      if (Page<M>* page = buddy_.areas().first(order, other)) return page;
    }
    return nullptr;
  }

  Page<M>* try_claim(Page<M>* page, unsigned found, unsigned order, MigrateType type) {
    if (found >= map_.pageblock_order()) {
      M::probe(site::zone_claim);
      map_.set_type(page, found, type);
      buddy_.take_part(page, order, type);
      return page;
    }
    mixed_types_ = true;
    BlockTypes<M> types(buddy_);
    Page<M>* block = map_.pageblock(page);
    if (!types.whole_in_zone(block)) return nullptr;
    // Allocated pages count as unlike the request: they are what the pageblock's type says.
    if (types.free_pages(block) < static_cast<std::int64_t>(map_.pageblock_pages() / 2)) {
      return nullptr;
    }
    types.move_free(block, type);
    M::probe(site::zone_claim);
    map_.set_type(block, 0, type);
    return buddy_.take_smallest(order, type);
  }

  Buddy<M>& buddy_;
  const PageMap<M>& map_;
  bool mixed_types_ = false;
};

}  // namespace anyctx::page
