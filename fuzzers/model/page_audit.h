// PageAudit: whether the lists of a page allocator at rest are what they should be, and every page
// is in exactly one place.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fuzzers/model/finding.h"
#include "fuzzers/model/page_owners.h"
#include "fuzzers/model/page_view.h"

namespace anyctx::model {

/// Everything that the allocator shows, taken while nothing is in progress. Storage is kept.
struct PageSnapshot {
  std::vector<ZoneView> zones;
  std::vector<ZoneCounters> counters;  // by zone
  std::vector<std::int64_t> pcp;       // counters, by zone * cpus + cpu
  std::vector<FreeBlock> blocks;
  std::vector<PageView> pages;
  unsigned cpus = 1;
  unsigned pageblock_order = 0;
  std::int64_t leaked = 0;
};

class PageAudit {
 public:
  /// What is wrong first; nothing if all is well.
  MaybeFinding run(const PageSnapshot& snapshot, const PageOwners& owners);

 private:
  MaybeFinding place_blocks(const PageSnapshot& snapshot, const PageOwners& owners);
  MaybeFinding place_block(const PageSnapshot& snapshot, const PageOwners& owners,
                           const FreeBlock& block);
  MaybeFinding check_block(const PageSnapshot& snapshot, const FreeBlock& block) const;
  MaybeFinding check_buddy(const PageSnapshot& snapshot, const FreeBlock& block) const;
  MaybeFinding check_merged(const PageSnapshot& snapshot, const FreeBlock& block) const;
  MaybeFinding check_counters(const PageSnapshot& snapshot);
  MaybeFinding check_zone(const PageSnapshot& snapshot, unsigned zone) const;
  MaybeFinding check_pages(const PageSnapshot& snapshot, const PageOwners& owners) const;

  std::vector<std::uint8_t> listed_;       // by page
  std::vector<ZoneCounters> counted_;      // by zone
  std::vector<std::int64_t> counted_pcp_;  // as PageSnapshot::pcp
  std::size_t buddies_ = 0;
};

}  // namespace anyctx::model
