// Layout: how memory is divided into nodes and zones.
#pragma once

#include <algorithm>
#include <bit>

#include "lib/machine/check.h"
#include "lib/page/config.h"

namespace anyctx::page {

enum class ZoneType : std::uint8_t { dma32, normal };

/// What a zone is; constant after init().
struct ZoneShape {
  std::size_t start = 0;  // page frames start..end-1
  std::size_t end = 0;
  std::uint8_t index = 0;
  std::uint8_t node = 0;
  ZoneType type = ZoneType::normal;
  constexpr std::int64_t managed() const { return static_cast<std::int64_t>(end - start); }
};

/// Zones ascend in memory, and lie in whole pageblocks but for the end of memory, so that two zone
/// locks never protect the same pageblock.
struct Layout {
  unsigned pageblock_order = 0;
  unsigned zone_count = 0;
  ZoneShape zones[kMaxZones];

  constexpr void add(std::size_t start, std::size_t end, unsigned node, ZoneType type) {
    zones[zone_count] = {start, end, static_cast<std::uint8_t>(zone_count),
                         static_cast<std::uint8_t>(node), type};
    ++zone_count;
  }
};

constexpr Layout make_layout(const Config& config) {
  ANYCTX_CHECK(config.nodes >= 1 && config.nodes <= kMaxNodes);
  const std::size_t per_node = config.page_count / config.nodes;
  ANYCTX_CHECK_OP(config.dma32_pages, <, per_node);
  std::size_t smallest = per_node;
  if (config.dma32_pages != 0) {
    smallest = std::min(config.dma32_pages, per_node - config.dma32_pages);
  }

  Layout layout;
  layout.pageblock_order = std::min(
      {config.pageblock_order, kMaxOrder, static_cast<unsigned>(std::bit_width(smallest)) - 1});
  const std::size_t whole = ~((std::size_t{1} << layout.pageblock_order) - 1);
  for (unsigned node = 0; node < config.nodes; ++node) {
    std::size_t start = node * per_node & whole;
    const std::size_t end =
        node + 1 == config.nodes ? config.page_count : (node + 1) * per_node & whole;
    if (node == 0 && config.dma32_pages != 0) {
      const std::size_t split = config.dma32_pages & whole;
      layout.add(start, split, node, ZoneType::dma32);
      start = split;
    }
    layout.add(start, end, node, ZoneType::normal);
  }
  return layout;
}

/// The zones to try for requests of one node, best first: its own from the highest down, then
/// those of the following nodes in turn.
struct ZoneList {
  std::uint8_t zones[kMaxZones] = {};
  unsigned count = 0;
};

constexpr ZoneList make_zone_list(const Layout& layout, unsigned nodes, unsigned node) {
  ZoneList list;
  for (unsigned distance = 0; distance < nodes; ++distance) {
    for (unsigned zone = layout.zone_count; zone-- > 0;) {
      if (layout.zones[zone].node != (node + distance) % nodes) continue;
      list.zones[list.count++] = static_cast<std::uint8_t>(zone);
    }
  }
  return list;
}

}  // namespace anyctx::page
