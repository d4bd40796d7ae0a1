// Construction of a PageAllocator. Included by page_allocator.h. Takes time proportional to the
// number of pages and of CPUs.
#pragma once

#include "lib/page/page_allocator.h"

namespace anyctx::page {

template <machine::Machine M>
void PageAllocator<M>::init(const Config& config, std::span<Page<M>> pages) {
  ANYCTX_CHECK_OP(config.page_count, <=, pages.size());
  ANYCTX_CHECK(config.page_shift >= 12 && config.page_shift <= 16);
  const Layout layout = make_layout(config);
  blocks_.reset(config, pages.data(), layout.pageblock_order);
  node_count_ = config.nodes;
  zone_count_ = layout.zone_count;
  has_dma32_ = config.dma32_pages != 0;
  memcg_ = nullptr;
  booting_.init(config.deferred_init ? 1 : 0);
  for (unsigned node = 0; node < node_count_; ++node) {
    nodes_[node].zones = make_zone_list(layout, node_count_, node);
    nodes_[node].reclaiming.init(0);
  }
  init_pages(layout, pages);
  for (unsigned zone = 0; zone < zone_count_; ++zone) {
    init_zone(config, layout, layout.zones[zone]);
    seed_zone(config, layout.zones[zone]);
  }
  init_lowmem_reserve(layout);
  M::mark_free(config.base, config.page_count << config.page_shift);
}

template <machine::Machine M>
void PageAllocator<M>::init_pages(const Layout& layout, std::span<Page<M>> pages) {
  for (unsigned zone = 0; zone < zone_count_; ++zone) {
    const ZoneShape& shape = layout.zones[zone];
    for (std::size_t pfn = shape.start; pfn < shape.end; ++pfn) {
      Page<M>& page = pages[pfn];
      page.refcount.init(0);
      page.kind = PageKind::absent;
      page.order = 0;
      page.zone = shape.index;
      page.node = shape.node;
      page.compound = false;
      page.buddy = false;
      page.list_type = MigrateType::movable;
      page.block_type.init(static_cast<std::uint8_t>(MigrateType::movable));
      page.private_word = 0;
      page.payer = nullptr;
      page.next = nullptr;
      page.prev = nullptr;
      page.head = nullptr;
      page.parked_node = {};
    }
  }
}

template <machine::Machine M>
void PageAllocator<M>::init_zone(const Config& config, const Layout& layout,
                                 const ZoneShape& shape) {
  const std::int64_t min_pages = config.min_watermark != 0
                                     ? static_cast<std::int64_t>(config.min_watermark)
                                     : default_min_pages(config.page_count, config.page_shift);
  const Watermarks marks =
      watermarks(shape.managed(), static_cast<std::int64_t>(config.page_count), min_pages);
  PcpLimits limits = pcp_limits(shape.managed(), marks[Mark::low], M::cpus(), config.page_shift);
  if (config.pcp_batch != 0) {
    limits.batch = static_cast<int>(config.pcp_batch);
    limits.high_min = std::max(limits.high_min, 4 * limits.batch);
    limits.high_max = std::max(limits.high_max, 4 * limits.batch);
  }
  if (config.pcp_high != 0) limits.high_min = limits.high_max = static_cast<int>(config.pcp_high);
  // Boosting would swallow a zone of a few pageblocks.
  const bool boost = pages_of(layout.pageblock_order) * 4 <= shape.managed();
  zones_[shape.index].reset(shape, &blocks_, marks, limits,
                            boost ? marks[Mark::high] * config.watermark_boost / 10000 : 0);
}

template <machine::Machine M>
void PageAllocator<M>::init_lowmem_reserve(const Layout& layout) {
  for (unsigned low = 0; low + 1 < zone_count_; ++low) {
    const ZoneShape& above = layout.zones[low + 1];
    if (layout.zones[low].type != ZoneType::dma32) continue;
    zones_[low].set_lowmem_reserve(ZoneType::normal, above.managed() / kLowmemReserveRatio);
  }
}

template <machine::Machine M>
void PageAllocator<M>::seed_zone(const Config& config, const ZoneShape& shape) {
  Zone<M>& zone = zones_[shape.index];
  const std::size_t unaccepted =
      std::max(config.page_count - std::min(config.unaccepted, config.page_count), shape.start);
  const std::size_t usable = std::min(unaccepted, shape.end);
  const std::size_t ready =
      config.deferred_init ? shape.start + (usable - shape.start) / 2 : usable;
  for (std::size_t pfn = shape.start; pfn < ready; ++pfn) {
    blocks_.map().page(pfn)->kind = PageKind::free;
  }
  for_each_largest_block(shape.start, ready,
                         [&](Page<M>* page, unsigned order) { zone.seed(page, order); });
  for_each_largest_block(ready, usable,
                         [&](Page<M>* page, unsigned order) { zone.deferred().add(page, order); });
  for_each_largest_block(usable, shape.end, [&](Page<M>* page, unsigned order) {
    zone.unaccepted().add(page, order);
  });
}

template <machine::Machine M>
template <class Visit>
void PageAllocator<M>::for_each_largest_block(std::size_t start, std::size_t end, Visit visit) {
  while (start < end) {
    unsigned order = kMaxOrder;
    while (start % (std::size_t{1} << order) != 0 || start + (std::size_t{1} << order) > end) {
      --order;
    }
    visit(blocks_.map().page(start), order);
    start += std::size_t{1} << order;
  }
}

}  // namespace anyctx::page
