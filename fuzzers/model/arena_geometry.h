// ArenaGeometry: where an arena's slots are, and which of them a pointer means.
// Source: Linux 7.3 kernel/bpf/arena.c (which bits of a pointer count, what is clipped).
#pragma once

#include <algorithm>
#include <cstdint>

namespace anyctx::model {

/// Slots [first, first + count) of an arena. A slot is a page of its address range.
struct SlotRange {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  bool empty() const { return count == 0; }
  std::uint64_t end() const { return std::uint64_t{first} + count; }
  bool holds(std::uint32_t slot) const { return slot >= first && slot < end(); }
  friend bool operator==(const SlotRange&, const SlotRange&) = default;
};

/// What an allocation asks for, as far as its arguments say.
struct ArenaAsk {
  bool legal = false;
  bool fixed = false;
  SlotRange range;  // first: of a fixed one only
};

/// Empty (start == end) until user space maps the arena, unless its place was given at creation.
struct ArenaGeometry {
  static constexpr std::uint64_t kWindow = std::uint64_t{1} << 32;  // of the kernel's mapping

  unsigned page_shift = 12;
  std::uint32_t max_entries = 1;
  std::uint64_t user_start = 0;
  std::uint64_t user_end = 0;

  std::uint64_t page_bytes() const { return std::uint64_t{1} << page_shift; }
  bool is_placed() const { return user_start != user_end; }
  /// Of the mapped range, which may be longer or shorter than what was asked for at creation.
  std::uint32_t pages() const {
    return static_cast<std::uint32_t>((user_end - user_start) >> page_shift);
  }
  std::uint64_t address(std::uint32_t slot) const {
    const auto low = static_cast<std::uint32_t>(user_start + (std::uint64_t{slot} << page_shift));
    return high(user_start) | low;
  }
  /// The slot that an aligned pointer means: its upper half does not count.
  std::uint32_t slot(std::uint64_t pointer) const {
    return static_cast<std::uint32_t>(pointer - user_start) >> page_shift;
  }
  /// The page of the kernel's mapping in which a slot is found, from its beginning.
  std::uint32_t kernel_page(std::uint32_t slot) const {
    return static_cast<std::uint32_t>(address(slot)) >> page_shift;
  }

  /// Half of what is around the kernel's mapping; page tables reach over the upper half.
  std::uint64_t half_guard() const {
    const std::uint64_t unit = 2 * page_bytes();
    return ((std::uint64_t{1} << 16) + unit - 1) / unit * unit / 2;
  }
  /// Whether kernel code that goes to this byte of the kernel's mapping is let through.
  bool has_tables(std::int64_t offset) const {
    return offset >= 0 && static_cast<std::uint64_t>(offset) < kWindow + half_guard();
  }

  ArenaAsk ask(std::uint64_t address, std::uint32_t count) const {
    ArenaAsk ask{false, address != 0, {0, count}};
    if (count == 0 || count > pages()) return ask;
    if (ask.fixed) {
      if (address % page_bytes() != 0) return ask;
      ask.range.first = slot(address);
      if (ask.range.first > pages() - count) return ask;
    }
    ask.legal = true;
    return ask;
  }

  /// What free_pages(pointer, count) gives back.
  SlotRange freed(std::uint64_t pointer, std::uint32_t count) const {
    if (count == 0 || pointer == 0) return {};
    const std::uint64_t low = (pointer & (kWindow - 1)) & ~(page_bytes() - 1);
    const std::uint64_t from = high(user_start) | low;
    if (from < user_start) return {};
    const std::uint64_t to = std::min(user_end, from + (std::uint64_t{count} << page_shift));
    if (from >= to) return {};
    return {static_cast<std::uint32_t>((from - user_start) >> page_shift),
            static_cast<std::uint32_t>((to - from) >> page_shift)};
  }

  /// What reserve_pages(pointer, count) covers: legal only if aligned and inside.
  bool is_inside(std::uint64_t pointer, std::uint32_t count) const {
    return std::uint64_t{slot(pointer)} + count <= pages();
  }

 private:
  static constexpr std::uint64_t high(std::uint64_t address) { return address & ~(kWindow - 1); }
};

}  // namespace anyctx::model
