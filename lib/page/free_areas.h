// FreeAreas: the free blocks of a zone, by order and migrate type, and how many pages they hold.
// Source: Linux 7.3 mm/page_alloc.c (free_area lists, account_freepages()).
#pragma once

#include "lib/page/config.h"
#include "lib/page/page_list.h"

namespace anyctx::page {

/// Lists and flags of pages belong to the zone lock; the counters and the set of types that have
/// a block may be read without it, as the watermark test does.
template <machine::Machine M>
class FreeAreas {
 public:
  void reset() {
    for (Area& area : areas_) {
      for (PageList<M>& list : area.lists) list = {};
      area.types.init(0);
      area.count = 0;
    }
    free_pages_.init(0);
    reserve_pages_.init(0);
  }

  PageList<M>& list(unsigned order, MigrateType type) { return areas_[order].lists[index(type)]; }
  const PageList<M>& list(unsigned order, MigrateType type) const {
    return areas_[order].lists[index(type)];
  }
  Page<M>* first(unsigned order, MigrateType type) const { return list(order, type).first(); }

  void insert(Page<M>* page, unsigned order, MigrateType type, bool at_tail = false) {
    PageList<M>& to = list(order, type);
    const bool was_empty = to.empty();
    page->private_word = order;
    page->list_type = type;
    page->kind = PageKind::free;
    page->buddy = true;
    at_tail ? to.push_back(page) : to.push_front(page);
    ++areas_[order].count;
    if (was_empty) set_available(order, type, true);
  }

  void remove(Page<M>* page) {
    const auto order = static_cast<unsigned>(page->private_word);
    PageList<M>& from = list(order, page->list_type);
    from.remove(page);
    --areas_[order].count;
    page->buddy = false;
    page->private_word = 0;
    if (from.empty()) set_available(order, page->list_type, false);
  }

  /// Counts pages that came to (or, negative, left) the lists of a type. Isolated pages are not
  /// available and do not count.
  void account(std::int64_t pages, MigrateType type) {
    if (type == MigrateType::isolate || pages == 0) return;
    free_pages_.fetch_add(pages);
    if (type == MigrateType::highatomic) reserve_pages_.fetch_add(pages);
  }

  /// Without the zone lock: true values of a moment ago.
  std::int64_t free_pages() const { return free_pages_.load(std::memory_order_relaxed); }
  std::int64_t reserve_pages() const { return reserve_pages_.load(std::memory_order_relaxed); }
  /// A block of at least this order that an ordinary type (or, if asked for, the reserve) has.
  bool has_block(unsigned order, bool reserve) const {
    const unsigned wanted = reserve ? kOrdinaryTypes | kReserveType : kOrdinaryTypes;
    for (unsigned o = order; o < kOrders; ++o) {
      const unsigned types = areas_[o].types.load(std::memory_order_relaxed);
      if ((types & wanted) != 0) return true;
    }
    return false;
  }

  // For oracles.
  std::int64_t peek_free_pages() const { return free_pages_.peek(); }
  std::int64_t peek_reserve_pages() const { return reserve_pages_.peek(); }
  std::size_t peek_count(unsigned order) const { return areas_[order].count; }
  unsigned peek_types(unsigned order) const { return areas_[order].types.peek(); }

 private:
  static constexpr unsigned kOrdinaryTypes = (1u << kPcpTypes) - 1;
  static constexpr unsigned kReserveType = 1u << index(MigrateType::highatomic);

  struct Area {
    PageList<M> lists[kMigrateTypes];
    machine::Atomic<M, std::uint8_t, site::free_types> types;  // bit per non-empty list
    std::size_t count = 0;
  };

  void set_available(unsigned order, MigrateType type, bool available) {
    const unsigned bit = 1u << index(type);
    const unsigned types = areas_[order].types.load(std::memory_order_relaxed);
    areas_[order].types.store(static_cast<std::uint8_t>(available ? types | bit : types & ~bit),
                              std::memory_order_relaxed);
  }

  Area areas_[kOrders];
  machine::Atomic<M, std::int64_t, site::free_counter> free_pages_;
  machine::Atomic<M, std::int64_t, site::reserve_counter> reserve_pages_;
};

}  // namespace anyctx::page
