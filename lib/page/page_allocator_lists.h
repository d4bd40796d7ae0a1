// Upkeep of PageAllocator: drains, trims and the end of boot. Included by page_allocator.h.
#pragma once

#include "lib/page/page_allocator.h"

namespace anyctx::page {

template <machine::Machine M>
std::size_t PageAllocator<M>::drain_parked() {
  std::size_t pages = 0;
  for (unsigned zone = 0; zone < zone_count_; ++zone) {
    if (!zones_[zone].parked().empty()) pages += zones_[zone].drain_parked();
  }
  return pages;
}

template <machine::Machine M>
void PageAllocator<M>::drain_pcp(unsigned cpu) {
  for (unsigned zone = 0; zone < zone_count_; ++zone) zones_[zone].drain_pcp(cpu);
}

template <machine::Machine M>
void PageAllocator<M>::drain_all_pcp() {
  for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) drain_pcp(cpu);
}

template <machine::Machine M>
void PageAllocator<M>::trim_pcp() {
  const unsigned cpu = M::cpu();
  for (unsigned zone = 0; zone < zone_count_; ++zone) zones_[zone].trim_pcp(cpu);
}

template <machine::Machine M>
bool PageAllocator<M>::balance(unsigned node) {
  ANYCTX_CHECK_OP(node, <, node_count_);
  bool balanced = false;
  for (unsigned index = 0; index < zone_count_; ++index) {
    Zone<M>& zone = zones_[index];
    if (zone.shape().node != node) continue;
    zone.drain_parked();
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) zone.drain_pcp(cpu);
    zone.drop_boost();
    balanced = zone.balanced() || balanced;
  }
  if (balanced) nodes_[node].reclaiming.store(0);
  return balanced;
}

template <machine::Machine M>
void PageAllocator<M>::finish_deferred_init() {
  for (unsigned zone = 0; zone < zone_count_; ++zone) {
    while (zones_[zone].grow_deferred()) {
    }
  }
  booting_.store(0);
}

}  // namespace anyctx::page
