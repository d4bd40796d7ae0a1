// PageMap: which descriptor belongs to which memory, and the types of pageblocks.
#pragma once

#include <cstddef>
#include <cstring>

#include "lib/machine/check.h"
#include "lib/page/config.h"
#include "lib/page/page.h"

namespace anyctx::page {

/// Constant after init() but for the block types. Page frame numbers (pfn) count from the base.
template <machine::Machine M>
class PageMap {
 public:
  void init(const Config& config, Page<M>* pages, unsigned pageblock_order) {
    base_ = config.base;
    pages_ = pages;
    count_ = config.page_count;
    shift_ = config.page_shift;
    pageblock_order_ = pageblock_order;
  }

  std::size_t count() const { return count_; }
  unsigned shift() const { return shift_; }
  unsigned pageblock_order() const { return pageblock_order_; }
  std::size_t pageblock_pages() const { return std::size_t{1} << pageblock_order_; }

  Page<M>* page(std::size_t pfn) const { return pages_ + pfn; }
  std::size_t pfn(const Page<M>* page) const { return static_cast<std::size_t>(page - pages_); }
  std::byte* address(const Page<M>* page) const { return base_ + (pfn(page) << shift_); }

  /// Null outside of the memory.
  Page<M>* page_of(const void* address) const {
    const auto offset =
        reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(base_);
    return (offset >> shift_) < count_ ? pages_ + (offset >> shift_) : nullptr;
  }

  void mark_free(const Page<M>* page, unsigned order) const {
    M::mark_free(address(page), bytes(order));
  }
  void mark_used(const Page<M>* page, unsigned order) const {
    M::mark_used(address(page), bytes(order));
  }
  void clear(const Page<M>* page, unsigned order) const {
    std::memset(address(page), 0, bytes(order));
  }

  /// First page of the pageblock the page lies in.
  Page<M>* pageblock(const Page<M>* page) const {
    return pages_ + (pfn(page) & ~(pageblock_pages() - 1));
  }

  /// The type a free block at this page has. May change at any time unless the zone lock is held.
  MigrateType type_of(const Page<M>* page) const {
    const std::uint8_t type = pageblock(page)->block_type.load(std::memory_order_relaxed);
    return (type & kIsolated) != 0 ? MigrateType::isolate : static_cast<MigrateType>(type);
  }
  /// The same without a decision point, for oracles.
  MigrateType peek_type_of(const Page<M>* page) const {
    const std::uint8_t type = pageblock(page)->block_type.peek();
    return (type & kIsolated) != 0 ? MigrateType::isolate : static_cast<MigrateType>(type);
  }
  /// Sets the type of all pageblocks that a block of this order covers or lies in. Zone lock; they
  /// are not isolated.
  void set_type(const Page<M>* page, unsigned order, MigrateType type) const {
    Page<M>* block = pageblock(page);
    const Page<M>* const end = page + (std::size_t{1} << order);
    for (; block < end; block += pageblock_pages()) {
      block->block_type.store(static_cast<std::uint8_t>(type), std::memory_order_relaxed);
    }
  }
  /// Isolation hides the type and keeps it. Zone lock.
  void set_isolated(Page<M>* block, bool isolated) const {
    const std::uint8_t type = block->block_type.load(std::memory_order_relaxed);
    const auto bare = static_cast<std::uint8_t>(type & ~kIsolated);
    block->block_type.store(isolated ? static_cast<std::uint8_t>(bare | kIsolated) : bare,
                            std::memory_order_relaxed);
  }

 private:
  static constexpr std::uint8_t kIsolated = 0x80;

  std::size_t bytes(unsigned order) const { return std::size_t{1} << (order + shift_); }

  std::byte* base_ = nullptr;
  Page<M>* pages_ = nullptr;
  std::size_t count_ = 0;
  unsigned shift_ = 12;
  unsigned pageblock_order_ = 0;
};

}  // namespace anyctx::page
