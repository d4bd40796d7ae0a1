#include "fuzzers/targets/slab_pages_inspector.h"

#include "lib/machine/check.h"
#include "lib/page/census.h"

namespace anyctx::target {

using page::pages_of;

std::uint32_t SlabPagesInspector::page_of(const void* address) const {
  const page::Page<Sim>* const page = pages_.page_of(address);
  ANYCTX_CHECK(page != nullptr);
  return static_cast<std::uint32_t>(pages_.pfn(page));
}

std::string_view SlabPagesInspector::audit_pages() const {
  return page::audit(pages_);
}

PageCount SlabPagesInspector::count_pages() const {
  const page::Census census = page::take_census(pages_);
  return {census.buddy + census.pcp, census.parked, census.leaked};
}

std::int64_t SlabPagesInspector::free_pages() const {
  std::int64_t pages = 0;
  for (unsigned index = 0; index < pages_.zone_count(); ++index) {
    const page::Zone<Sim>& zone = pages_.zone(index);
    pages += zone.buddy().areas().peek_free_pages();
    for (unsigned cpu = 0; cpu < Sim::cpus(); ++cpu) pages += zone.pcp(cpu).count;
    zone.parked().peek_each(
        [&](const page::Page<Sim>*, unsigned order) { pages += pages_of(order); });
  }
  return pages;
}

bool SlabPagesInspector::has_room(unsigned order, int node) const {
  // Types of blocks that any request may take from.
  constexpr unsigned kOrdinary = (1u << page::kPcpTypes) - 1;
  for (unsigned index = 0; index < pages_.zone_count(); ++index) {
    const page::Zone<Sim>& zone = pages_.zone(index);
    if (node >= 0 && zone.shape().node != static_cast<unsigned>(node)) continue;
    const page::FreeAreas<Sim>& areas = zone.buddy().areas();
    const std::int64_t usable =
        areas.peek_free_pages() - areas.peek_reserve_pages() - pages_of(order);
    if (usable <= zone.marks()[page::Mark::high] + zone.peek_boost()) continue;
    for (unsigned o = order; o < page::kOrders; ++o) {
      if ((areas.peek_types(o) & kOrdinary) != 0) return true;
    }
  }
  return false;
}

}  // namespace anyctx::target
