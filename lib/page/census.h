// Census: where every page is, and whether the lists are what they should be. For oracles: const,
// reads without decision points. Meaningful while no section is open on any CPU.
#pragma once

#include <string_view>

#include "lib/page/page_allocator.h"

namespace anyctx::page {

/// Pages by place. Those that are in none of them are live, or on their way.
struct Census {
  std::int64_t buddy = 0;
  std::int64_t isolated = 0;  // part of buddy
  std::int64_t pcp = 0;
  std::int64_t parked = 0;
  std::int64_t held_back = 0;  // not initialised or not accepted
  std::int64_t leaked = 0;
  std::int64_t total() const { return buddy + pcp + parked + held_back + leaked; }
};

/// Calls visit(page, order, type) for each free block of the buddy lists of a zone.
template <machine::Machine M, class Visit>
void for_each_buddy_block(const Zone<M>& zone, Visit visit) {
  for (unsigned order = 0; order < kOrders; ++order) {
    for (unsigned type = 0; type < kMigrateTypes; ++type) {
      const auto list = static_cast<MigrateType>(type);
      const Page<M>* page = zone.buddy().areas().first(order, list);
      for (; page != nullptr; page = page->next) visit(page, order, list);
    }
  }
}

/// Calls visit(page, order) for each block on a per-CPU list.
template <machine::Machine M, class Visit>
void for_each_pcp_block(const Pcp<M>& pcp, Visit visit) {
  for (unsigned list = 0; list < kPcpLists; ++list) {
    const Page<M>* page = pcp.lists[list].first();
    for (; page != nullptr; page = page->next) visit(page, pcp_list_order(list));
  }
}

/// Calls visit(page, order) for each block that is held back.
template <machine::Machine M, class Visit>
void for_each_held_back_block(const HeldBack<M>& held_back, Visit visit) {
  const Page<M>* page = held_back.blocks().first();
  for (; page != nullptr; page = page->next) visit(page, page->order);
}

/// Counts by walking all lists.
template <machine::Machine M>
Census take_census(const PageAllocator<M>& allocator) {
  Census census;
  for (unsigned index = 0; index < allocator.zone_count(); ++index) {
    const Zone<M>& zone = allocator.zone(index);
    for_each_buddy_block(zone, [&](const Page<M>*, unsigned order, MigrateType type) {
      census.buddy += pages_of(order);
      if (type == MigrateType::isolate) census.isolated += pages_of(order);
    });
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      for_each_pcp_block(zone.pcp(cpu),
                         [&](const Page<M>*, unsigned order) { census.pcp += pages_of(order); });
    }
    zone.parked().peek_each(
        [&](const Page<M>*, unsigned order) { census.parked += pages_of(order); });
    const auto count = [&](const Page<M>*, unsigned order) { census.held_back += pages_of(order); };
    for_each_held_back_block(zone.deferred(), count);
    for_each_held_back_block(zone.unaccepted(), count);
  }
  census.leaked = allocator.peek_leaked();
  return census;
}

/// Checks the structure of one zone. Each check returns what is wrong; empty if nothing is.
template <machine::Machine M>
class ZoneAudit {
 public:
  ZoneAudit(const PageAllocator<M>& allocator, unsigned zone)
      : map_(allocator.map()), zone_(allocator.zone(zone)) {}

  std::string_view run() {
    check_buddy();
    check_counters();
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) check_pcp(zone_.pcp(cpu));
    zone_.parked().peek_each([&](const Page<M>* page, unsigned order) {
      expect(page->kind == PageKind::parked, "parked block is not marked as parked");
      check_block(page, order);
    });
    return wrong_;
  }

 private:
  void expect(bool condition, std::string_view what) {
    if (!condition && wrong_.empty()) wrong_ = what;
  }

  // What holds for a block wherever it waits.
  void check_block(const Page<M>* page, unsigned order) {
    expect(order <= kMaxOrder, "order of a free block is out of range");
    if (order > kMaxOrder) return;
    const std::size_t pfn = map_.pfn(page);
    expect(pfn % (std::size_t{1} << order) == 0, "free block is not aligned to its size");
    expect(pfn >= zone_.shape().start && pfn + (std::size_t{1} << order) <= zone_.shape().end,
           "free block is outside of its zone");
    expect(page->refcount.peek() == 0, "free block has references");
    for (std::int64_t i = 1; i < pages_of(order); ++i) {
      expect(page[i].kind == PageKind::free, "page inside a free block is not marked as free");
      expect(page[i].private_word == 0, "page inside a free block has a private word");
      expect(!page[i].buddy, "page inside a free block is a block of its own");
    }
  }

  void check_buddy() {
    std::size_t flagged = 0;
    for (std::size_t pfn = zone_.shape().start; pfn < zone_.shape().end; ++pfn) {
      if (map_.page(pfn)->buddy) ++flagged;
    }
    for_each_buddy_block(zone_, [&](const Page<M>* page, unsigned order, MigrateType type) {
      --flagged;
      ++blocks_[order];
      if (type != MigrateType::isolate) free_pages_ += pages_of(order);
      if (type == MigrateType::highatomic) reserve_pages_ += pages_of(order);
      expect(page->buddy && page->kind == PageKind::free, "block on a buddy list is not flagged");
      expect(page->private_word == order, "order of a buddy block does not match its list");
      expect(page->list_type == type && map_.peek_type_of(page) == type,
             "buddy block is on the list of another migrate type");
      check_block(page, order);
      check_not_mergeable(page, order, type);
    });
    expect(flagged == 0, "page is flagged as a buddy block but on no list");
  }

  void check_not_mergeable(const Page<M>* page, unsigned order, MigrateType type) {
    if (order == kMaxOrder) return;
    const Page<M>* buddy = zone_.buddy().free_buddy(map_.pfn(page), order);
    if (buddy == nullptr) return;
    const bool apart = order >= map_.pageblock_order() && buddy->list_type != type &&
                       !(is_mergeable(type) && is_mergeable(buddy->list_type));
    expect(apart, "two free buddies are not merged");
  }

  void check_counters() {
    const FreeAreas<M>& areas = zone_.buddy().areas();
    expect(areas.peek_free_pages() == free_pages_, "free page counter differs from the lists");
    expect(areas.peek_reserve_pages() == reserve_pages_, "reserve counter differs from the lists");
    for (unsigned order = 0; order < kOrders; ++order) {
      expect(areas.peek_count(order) == blocks_[order], "block count of an order is wrong");
      for (unsigned type = 0; type < kMigrateTypes; ++type) {
        const bool listed = areas.first(order, static_cast<MigrateType>(type)) != nullptr;
        expect(((areas.peek_types(order) >> type & 1) != 0) == listed,
               "set of types with a free block is wrong");
      }
    }
  }

  void check_pcp(const Pcp<M>& pcp) {
    std::int64_t pages = 0;
    for_each_pcp_block(pcp, [&](const Page<M>* page, unsigned order) {
      pages += pages_of(order);
      expect(page->kind == PageKind::pcp && page->order == order,
             "block on a per-CPU list is not marked as such");
      expect(page->private_word == 0 && !page->buddy, "block on a per-CPU list is a buddy block");
      check_block(page, order);
    });
    expect(pages == pcp.count, "page count of a per-CPU list is wrong");
  }

  const PageMap<M>& map_;
  const Zone<M>& zone_;
  std::size_t blocks_[kOrders] = {};
  std::int64_t free_pages_ = 0;
  std::int64_t reserve_pages_ = 0;
  std::string_view wrong_;
};

/// The first thing that is wrong with the structures of an allocator; empty if nothing is.
template <machine::Machine M>
std::string_view audit(const PageAllocator<M>& allocator) {
  for (unsigned zone = 0; zone < allocator.zone_count(); ++zone) {
    const std::string_view wrong = ZoneAudit<M>(allocator, zone).run();
    if (!wrong.empty()) return wrong;
  }
  return {};
}

}  // namespace anyctx::page
