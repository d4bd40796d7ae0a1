// PageLimits: which requests for pages must fail, must succeed, and must not have succeeded, by the
// allocator's documented limits. Computed anew from the layout: knows nothing of the allocator's
// own arithmetic.
#pragma once

#include <span>
#include <vector>

#include "fuzzers/model/page_view.h"

namespace anyctx::model {

/// A request, as far as limits care.
struct PageRequest {
  unsigned order = 0;
  bool nolock = false;
  bool may_reclaim = false;  // may sleep, and collect what is cached
  bool high = false;         // may take part of the reserve
  bool nomemalloc = false;   // must not take more of it for being atomic
  bool only_low = false;     // from low memory only, if there is any
  int only_node = -1;        // -1: from any node
};

class PageLimits {
 public:
  /// Orders that a nolock request may ask for.
  static constexpr unsigned kNolockOrders = 4;

  /// `min_pages`: MIN of all zones together; 0: as computed from the size of memory.
  void reset(std::span<const ZoneView> zones, unsigned page_shift, std::int64_t min_pages);

  /// What the marks of a zone have to be.
  Watermarks marks(const ZoneView& zone) const;

  /// True if a zone must have served the request, for lack of any reason not to, given what is on
  /// the lists after it failed, and how far the marks of each zone are boosted.
  bool must_succeed(const PageRequest& request, std::span<const FreeBlock> blocks,
                    std::span<const std::int64_t> boosts) const;

  /// Pages that the zone has to have more than, for a request of this kind to be served from it.
  std::int64_t floor(const PageRequest& request, unsigned zone) const;

  /// Whether background reclaim has nothing left to do for a zone that has this much, once the
  /// boost of its marks is taken back.
  bool balanced(unsigned zone, const ZoneCounters& counters) const;

  unsigned zone_of(Pfn page) const;
  const ZoneView& zone(unsigned index) const { return zones_[index]; }
  unsigned zones() const { return static_cast<unsigned>(zones_.size()); }
  bool has_low_memory() const { return has_low_; }

 private:
  bool allowed(const PageRequest& request, const ZoneView& zone) const;
  std::int64_t lowmem_reserve(unsigned zone) const;

  std::vector<ZoneView> zones_;
  std::int64_t total_ = 0;
  std::int64_t min_pages_ = 0;
  bool has_low_ = false;
};

}  // namespace anyctx::model
