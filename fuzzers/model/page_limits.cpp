#include "fuzzers/model/page_limits.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace anyctx::model {
namespace {

constexpr std::size_t kMostZones = 8;
constexpr std::int64_t kLowmemReserveRatio = 256;

/// sqrt(16 * memory) in KiB, at least 128 KiB and at most 256 MiB; in pages.
std::int64_t usual_min_pages(std::int64_t pages, unsigned page_shift) {
  const auto kib = static_cast<double>(pages << (page_shift - 10));
  const auto min_kib = static_cast<std::int64_t>(std::floor(std::sqrt(16.0 * kib)));
  return std::clamp<std::int64_t>(min_kib, 128, 256 << 10) >> (page_shift - 10);
}

/// What a zone can give, counted block by block.
struct ZoneSupply {
  std::int64_t free = 0;
  std::int64_t reserve = 0;
  std::int64_t held_back = 0;
  int largest = -1;  // order of the largest ordinary block
};

void count_supply(std::span<const FreeBlock> blocks, std::span<ZoneSupply> supply) {
  for (const FreeBlock& block : blocks) {
    ZoneSupply& zone = supply[block.zone];
    const std::int64_t pages = pages_of(block.order);
    if (block.place == Place::held_back) zone.held_back += pages;
    if (block.place != Place::buddy || block.type == BlockType::isolated) continue;
    zone.free += pages;
    if (block.type == BlockType::reserve) zone.reserve += pages;
    if (is_ordinary(block.type)) zone.largest = std::max<int>(zone.largest, block.order);
  }
}

}  // namespace

void PageLimits::reset(std::span<const ZoneView> zones, unsigned page_shift,
                       std::int64_t min_pages) {
  zones_.assign(zones.begin(), zones.end());
  total_ = 0;
  has_low_ = false;
  for (const ZoneView& zone : zones_) {
    total_ += zone.managed();
    has_low_ = has_low_ || zone.low;
  }
  min_pages_ = min_pages != 0 ? min_pages : usual_min_pages(total_, page_shift);
}

Watermarks PageLimits::marks(const ZoneView& zone) const {
  const std::int64_t min = min_pages_ * zone.managed() / total_;
  const std::int64_t step = std::max(min / 4, zone.managed() / 1000);
  return {min, min + step, min + 2 * step};
}

unsigned PageLimits::zone_of(Pfn page) const {
  unsigned zone = 0;
  while (zone + 1 < zones_.size() && page >= zones_[zone].end) ++zone;
  return zone;
}

bool PageLimits::allowed(const PageRequest& request, const ZoneView& zone) const {
  if (request.only_low && has_low_ && !zone.low) return false;
  return request.only_node < 0 || zone.node == static_cast<unsigned>(request.only_node);
}

/// Low memory keeps a share of the higher memory of its node back from those who could use that.
std::int64_t PageLimits::lowmem_reserve(unsigned zone) const {
  std::int64_t above = 0;
  for (const ZoneView& other : zones_) {
    if (zones_[zone].low && !other.low && other.node == zones_[zone].node) above += other.managed();
  }
  return above / kLowmemReserveRatio;
}

std::int64_t PageLimits::floor(const PageRequest& request, unsigned zone) const {
  std::int64_t mark = marks(zones_[zone]).min;
  if (!request.nolock) {
    const bool atomic = !request.may_reclaim && !request.nomemalloc;
    if (request.high) mark -= mark / 2;
    if (request.high && atomic) mark -= mark / 4;
  }
  if (!request.only_low) mark += lowmem_reserve(zone);
  return mark + pages_of(request.order) - 1;
}

bool PageLimits::balanced(unsigned zone, const ZoneCounters& counters) const {
  return counters.free - counters.reserve > marks(zones_[zone]).high + lowmem_reserve(zone);
}

bool PageLimits::must_succeed(const PageRequest& request, std::span<const FreeBlock> blocks,
                              std::span<const std::int64_t> boosts) const {
  if (request.order > kMaxOrder) return false;
  std::array<ZoneSupply, kMostZones> supply{};
  count_supply(blocks, supply);
  for (unsigned i = 0; i < zones_.size(); ++i) {
    if (!allowed(request, zones_[i])) continue;
    // Whoever may wait can have this memory made ready.
    if (!request.nolock && supply[i].held_back > 0) return true;
    const bool enough = supply[i].free - supply[i].reserve > floor(request, i) + boosts[i];
    if (enough && supply[i].largest >= static_cast<int>(request.order)) return true;
  }
  return false;
}

}  // namespace anyctx::model
