// Allocation and release paths of PageAllocator. Included by page_allocator.h.
#pragma once

#include "lib/page/page_allocator.h"

namespace anyctx::page {

template <machine::Machine M>
Page<M>* PageAllocator<M>::alloc_nolock(Gfp gfp, int nid, unsigned order) {
  if (M::fails(site::order, order >= kPcpOrders)) return nullptr;
  if (M::fails(site::context, !sync::can_spin_trylock<M>())) return nullptr;
  const bool booting = booting_.load() != 0;
  if (M::fails(site::boot, booting)) return nullptr;
  Request request = Request::nolock(gfp, order);
  Page<M>* page = try_zones(request, preferred_node(nid));
  if (page == nullptr) return nullptr;
  blocks_.hand_out(page, order, request.gfp);
  return charged(page, order, request.gfp, Spin::never);
}

template <machine::Machine M>
Page<M>* PageAllocator<M>::alloc_ordinary(Gfp gfp, int nid, unsigned order) {
  if (M::fails(site::order, order > kMaxOrder)) return nullptr;
  if (has(gfp, gfp::direct_reclaim)) M::might_sleep(site::reclaim);
  const unsigned node = preferred_node(nid);
  Request request = Request::make(gfp, order, Spin::allowed);
  request.whole_pageblocks = starts_with_whole_pageblocks(request, node);
  Page<M>* page = try_zones(request, node);
  if (page == nullptr) page = alloc_slow_path(request, node);
  if (page == nullptr) return nullptr;
  blocks_.hand_out(page, order, gfp);
  if (request.from_reserve) zones_[page->zone].reserve_for_atomic(page, order);
  return charged(page, order, gfp, Spin::allowed);
}

// Who gets nothing gives the pages back, in a way that his caller may.
template <machine::Machine M>
Page<M>* PageAllocator<M>::charged(Page<M>* page, unsigned order, Gfp gfp, Spin spin) {
  if (!has(gfp, gfp::account) || memcg_ == nullptr) [[likely]]
    return page;
  ObjCgroup<M>* const payer = memcg_->current();
  if (payer == nullptr) return page;
  if (!memcg_->try_charge_pages(*payer, static_cast<std::uint32_t>(pages_of(order)), spin)) {
    free_frozen_pages(page, order, spin);
    return nullptr;
  }
  page->payer = payer;
  return page;
}

// The block is still the caller's.
template <machine::Machine M>
void PageAllocator<M>::uncharge(Page<M>& page, unsigned order, Spin spin) {
  ObjCgroup<M>& payer = *std::exchange(page.payer, nullptr);
  memcg_->uncharge_pages(payer, static_cast<std::uint32_t>(pages_of(order)), spin);
}

template <machine::Machine M>
Page<M>* PageAllocator<M>::alloc_slow_path(Request& request, unsigned node) {
  if (has(request.gfp, gfp::kswapd_reclaim)) wake_reclaim(request, node);
  request.enter_slow_path();
  if (Page<M>* page = try_zones(request, node)) return page;
  if (!has(request.gfp, gfp::direct_reclaim)) return nullptr;
  reclaim(request);
  return try_zones(request, node);
}

// At most one pass that avoids mixing of migrate types, one that avoids nodes under reclaim, and
// one that takes what it finds.
template <machine::Machine M>
Page<M>* PageAllocator<M>::try_zones(Request& request, unsigned node) {
  bool skip_reclaiming = node_count_ > 1;
  for (;;) {
    bool skipped = false;
    if (Page<M>* page = try_zones_once(request, node, skip_reclaiming, skipped)) return page;
    if (!skipped && !request.whole_pageblocks) return nullptr;
    if (skipped) skip_reclaiming = false;
    request.whole_pageblocks = false;
  }
}

template <machine::Machine M>
Page<M>* PageAllocator<M>::try_zones_once(const Request& request, unsigned node,
                                          bool skip_reclaiming, bool& skipped) {
  const ZoneList& list = nodes_[node].zones;
  bool any = false;
  for (unsigned i = 0; i < list.count; ++i) {
    Zone<M>& zone = zones_[list.zones[i]];
    if (!allows(zone, request, node)) continue;
    // Local memory of mixed types is better than remote memory.
    if (request.whole_pageblocks && zone.shape().node != node) return nullptr;
    any = true;
    if (skip_reclaiming && nodes_[zone.shape().node].reclaiming.load() != 0) {
      skipped = true;
      continue;
    }
    if (Page<M>* page = try_zone(zone, request)) return page;
  }
  if (!any) static_cast<void>(M::fails(site::no_block, true));
  return nullptr;
}

// Each further turn has brought memory into use that was held back, so there are few.
template <machine::Machine M>
Page<M>* PageAllocator<M>::try_zone(Zone<M>& zone, const Request& request) {
  if (request.spin == Spin::allowed) zone.accept_memory(request, false);
  for (;;) {
    if (admits(zone, request)) {
      if (Page<M>* page = zone.take(request)) return page;
    }
    if (zone.accept_memory(request, true)) continue;
    if (request.spin == Spin::never || !zone.grow_deferred()) return nullptr;
  }
}

template <machine::Machine M>
bool PageAllocator<M>::admits(Zone<M>& zone, const Request& request) {
  const bool plenty = zone.above_high(request);
  const bool enough = plenty || zone.has_pages(request, zone.mark(request, request.mark));
  if (M::fails(site::watermark, !enough)) return false;
  if (request.order == 0) return true;
  const bool has_block = plenty || zone.has_block(request);
  return !M::fails(site::fragmentation, !has_block);
}

template <machine::Machine M>
bool PageAllocator<M>::allows(const Zone<M>& zone, const Request& request, unsigned node) const {
  const ZoneShape& shape = zone.shape();
  if (has_dma32_ && shape.type > request.highest_zone) return false;
  const bool only_here = request.spin == Spin::allowed && has(request.gfp, gfp::thisnode);
  return !only_here || shape.node == node;
}

// Mixing may be avoided only while there is another zone to go to.
template <machine::Machine M>
bool PageAllocator<M>::starts_with_whole_pageblocks(const Request& request, unsigned node) const {
  if (has_dma32_ && request.highest_zone == ZoneType::dma32) return false;
  return node_count_ == 1 || (has_dma32_ && node == 0);
}

template <machine::Machine M>
void PageAllocator<M>::wake_reclaim(const Request& request, unsigned node) {
  const ZoneList& list = nodes_[node].zones;
  for (unsigned i = 0; i < list.count; ++i) {
    const Zone<M>& zone = zones_[list.zones[i]];
    if (!allows(zone, request, node) || zone.balanced()) continue;
    Node& tired = nodes_[zone.shape().node];
    if (tired.reclaiming.load() != 0) continue;
    tired.reclaiming.store(1);
    M::wake(site::reclaim);
  }
}

// What the caches of this allocator hold is all there is to reclaim. The kernel leaves parked pages
// where they are even now.
template <machine::Machine M>
void PageAllocator<M>::reclaim(const Request& request) {
  drain_all_pcp();
  drain_parked();
  for (unsigned zone = 0; zone < zone_count_; ++zone) zones_[zone].unreserve(request.type);
}

template <machine::Machine M>
void PageAllocator<M>::release(Page<M>* page, unsigned order, Spin spin) {
  if (page == nullptr) return;
  if (page->kind == PageKind::tail) {
    M::bug(machine::Bug::invalid_free, page);
    return;
  }
  // With the reference goes the right to look at the page.
  const bool compound = page->compound;
  ObjCgroup<M>* const payer = page->payer;
  const Put put = blocks_.put(page);
  if (put == Put::last) free_frozen_pages(page, order, spin);
  if (put != Put::more || compound) return;
  // Whoever holds the other reference knows of the first page only.
  if (!blocks_.fits(page, order)) {
    M::bug(machine::Bug::invalid_free, page);
    return;
  }
  for (unsigned o = order; o-- > 0;) {
    page[pages_of(o)].payer = payer;  // of his references, one is of each page
    free_frozen_pages(page + pages_of(o), o, spin);
  }
}

}  // namespace anyctx::page
