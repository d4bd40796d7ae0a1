#include "fuzzers/model/page_audit.h"

#include <string>

namespace anyctx::model {
namespace {

std::string name_of(Pfn page) {
  return "page " + std::to_string(page);
}

std::string name_of(const FreeBlock& block) {
  constexpr std::string_view places[] = {"buddy", "per-CPU", "parked", "held back"};
  return name_of(block.pfn) + ", order " + std::to_string(block.order) + ", " +
         std::string(places[static_cast<unsigned>(block.place)]);
}

Finding structure(std::string_view rule, std::string expected, std::string found) {
  return {Fault::structure, rule, std::move(expected), std::move(found)};
}

Finding miscount(std::string_view rule, const std::string& what, std::int64_t counted,
                 std::int64_t counter) {
  return {Fault::counter, rule, what + ": " + std::to_string(counted) + " by counting",
          "the counter says " + std::to_string(counter)};
}

}  // namespace

MaybeFinding PageAudit::run(const PageSnapshot& snapshot, const PageOwners& owners) {
  listed_.assign(snapshot.pages.size(), 0);
  counted_.assign(snapshot.zones.size(), ZoneCounters{});
  counted_pcp_.assign(snapshot.pcp.size(), 0);
  buddies_ = 0;
  if (auto finding = place_blocks(snapshot, owners)) return finding;
  if (auto finding = check_counters(snapshot)) return finding;
  return check_pages(snapshot, owners);
}

MaybeFinding PageAudit::place_blocks(const PageSnapshot& snapshot, const PageOwners& owners) {
  for (const FreeBlock& block : snapshot.blocks) {
    if (auto finding = place_block(snapshot, owners, block)) return finding;
    if (auto finding = check_block(snapshot, block)) return finding;
    ZoneCounters& zone = counted_[block.zone];
    const std::int64_t pages = pages_of(block.order);
    if (block.place == Place::pcp) counted_pcp_[block.zone * snapshot.cpus + block.cpu] += pages;
    if (block.place != Place::buddy) continue;
    ++buddies_;
    ++zone.blocks[block.order];
    if (block.type != BlockType::isolated) zone.free += pages;
    if (block.type == BlockType::reserve) zone.reserve += pages;
  }
  return std::nullopt;
}

MaybeFinding PageAudit::place_block(const PageSnapshot& snapshot, const PageOwners& owners,
                                    const FreeBlock& block) {
  if (block.order > kMaxOrder || block.pfn % pages_of(block.order) != 0) {
    return structure("a free block is aligned to its size", "an aligned block", name_of(block));
  }
  const std::uint64_t end = std::uint64_t{block.pfn} + pages_of(block.order);
  const ZoneView& zone = snapshot.zones[block.zone];
  if (block.pfn < zone.start || end > zone.end) {
    return structure("a free block lies in the zone whose list it is on",
                     "pages " + std::to_string(zone.start) + ".." + std::to_string(zone.end - 1),
                     name_of(block));
  }
  for (Pfn page = block.pfn; page < end; ++page) {
    if (owners.in_use(page)) {
      return Finding{Fault::conservation, "a page that is in use is on no list of free pages",
                     name_of(page) + " in use, in the block of " + name_of(owners.head(page)),
                     "also free: " + name_of(block)};
    }
    if (listed_[page] != 0) {
      return Finding{Fault::conservation, "a page is on one list of free pages",
                     name_of(page) + " once", "again in: " + name_of(block)};
    }
    listed_[page] = 1;
  }
  return std::nullopt;
}

MaybeFinding PageAudit::check_block(const PageSnapshot& snapshot, const FreeBlock& block) const {
  if (block.place == Place::held_back) return std::nullopt;
  const bool buddy = block.place == Place::buddy;
  for (std::uint32_t i = 0; i < pages_of(block.order); ++i) {
    const PageView& page = snapshot.pages[block.pfn + i];
    if (page.references != 0) {
      return Finding{Fault::refcount, "a free page has no references",
                     name_of(block.pfn + i) + ": 0", std::to_string(page.references)};
    }
    if (page.buddy != (buddy && i == 0)) {
      return structure("the first page of a buddy block, and no other, is flagged", name_of(block),
                       name_of(block.pfn + i) + (page.buddy ? " is flagged" : " is not flagged"));
    }
    if (page.private_word != 0 && i != 0) {
      return structure("only the first page of a free block has a private word",
                       name_of(block.pfn + i) + ": 0", std::to_string(page.private_word));
    }
  }
  return buddy ? check_buddy(snapshot, block) : std::nullopt;
}

MaybeFinding PageAudit::check_buddy(const PageSnapshot& snapshot, const FreeBlock& block) const {
  const PageView& first = snapshot.pages[block.pfn];
  if (first.private_word != block.order) {
    return structure("a buddy block is on the list of its order", name_of(block),
                     "its first page says order " + std::to_string(first.private_word));
  }
  if (first.block_type != block.type) {
    return structure("a buddy block is on the list of its pageblock's type",
                     "type " + std::to_string(static_cast<unsigned>(first.block_type)),
                     name_of(block) + ", on the list of type " +
                         std::to_string(static_cast<unsigned>(block.type)));
  }
  return check_merged(snapshot, block);
}

MaybeFinding PageAudit::check_merged(const PageSnapshot& snapshot, const FreeBlock& block) const {
  const Pfn other = block.pfn ^ pages_of(block.order);
  const ZoneView& zone = snapshot.zones[block.zone];
  if (block.order == kMaxOrder || other < zone.start || other >= zone.end) return std::nullopt;
  const PageView& buddy = snapshot.pages[other];
  if (!buddy.buddy || buddy.private_word != block.order) return std::nullopt;
  // Whole pageblocks that are set aside stay apart from others.
  const bool mergeable =
      buddy.block_type == block.type || (is_ordinary(buddy.block_type) && is_ordinary(block.type));
  if (block.order >= snapshot.pageblock_order && !mergeable) return std::nullopt;
  return structure("two free buddies are merged", name_of(block) + " merged with its buddy",
                   "its buddy is a block of its own at " + name_of(other));
}

MaybeFinding PageAudit::check_counters(const PageSnapshot& snapshot) {
  for (unsigned zone = 0; zone < snapshot.zones.size(); ++zone) {
    if (auto finding = check_zone(snapshot, zone)) return finding;
  }
  for (std::size_t i = 0; i < snapshot.pcp.size(); ++i) {
    if (counted_pcp_[i] == snapshot.pcp[i]) continue;
    return miscount(
        "a per-CPU list counts its pages",
        "zone " + std::to_string(i / snapshot.cpus) + " cpu" + std::to_string(i % snapshot.cpus),
        counted_pcp_[i], snapshot.pcp[i]);
  }
  return std::nullopt;
}

MaybeFinding PageAudit::check_zone(const PageSnapshot& snapshot, unsigned zone) const {
  const ZoneCounters& counted = counted_[zone];
  const ZoneCounters& counters = snapshot.counters[zone];
  if (counted.free != counters.free) {
    return miscount("a zone counts its free pages", "zone " + std::to_string(zone), counted.free,
                    counters.free);
  }
  if (counted.reserve != counters.reserve) {
    return miscount("a zone counts the free pages of its reserve", "zone " + std::to_string(zone),
                    counted.reserve, counters.reserve);
  }
  for (unsigned order = 0; order < kOrders; ++order) {
    if (counted.blocks[order] == counters.blocks[order]) continue;
    return miscount("a zone counts its free blocks by order",
                    "zone " + std::to_string(zone) + " order " + std::to_string(order),
                    counted.blocks[order], counters.blocks[order]);
  }
  return std::nullopt;
}

MaybeFinding PageAudit::check_pages(const PageSnapshot& snapshot, const PageOwners& owners) const {
  std::size_t flagged = 0;
  std::int64_t nowhere = 0;
  Pfn lost = kNoPage;
  for (Pfn page = 0; page < snapshot.pages.size(); ++page) {
    if (snapshot.pages[page].buddy) ++flagged;
    if (listed_[page] != 0 || owners.in_use(page)) continue;
    ++nowhere;
    if (lost == kNoPage) lost = page;
  }
  if (flagged != buddies_) {
    return structure("a page that is flagged as a buddy block is on a buddy list",
                     std::to_string(buddies_) + " blocks on lists",
                     std::to_string(flagged) + " pages flagged");
  }
  if (nowhere == snapshot.leaked) return std::nullopt;
  return Finding{Fault::conservation, "every page is in use or on a list of free pages",
                 std::to_string(snapshot.leaked) + " pages given up after a report",
                 std::to_string(nowhere) + " pages are nowhere" +
                     (lost == kNoPage ? "" : ", the first is " + name_of(lost))};
}

}  // namespace anyctx::model
