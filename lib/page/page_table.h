// PageTable: what the kernel sees in a range of its addresses, one leaf per page.
// Source: Linux 7.3 mm/memory.c (apply_to_page_range, apply_to_existing_page_range), as the BPF
// arena uses them.
//
// All tables exist from populate() on, so mapping a page is one compare-and-swap of its leaf and
// unmapping one exchange: nothing is allocated, in any context. Tables are not pages here but one
// array of the owner's, in groups of leaves. A mark that sticks says of a group that something was
// mapped there once; it is set before the leaf, without a lock. Walks and reset skip the others.
//
// Limits: the tables of leaves below one middle table are had all or none.
#pragma once

#include <bit>
#include <cerrno>
#include <span>

#include "lib/machine/atomic.h"
#include "lib/machine/check.h"
#include "lib/page/memory_sites.h"
#include "lib/page/page.h"

namespace anyctx::page {

inline constexpr unsigned kLeavesPerGroup = 64;

/// Storage of a page table. All zero when it is first used.
template <machine::Machine M>
struct LeafGroup {
  machine::Atomic<M, std::uintptr_t, site::leaf> leaf[kLeavesPerGroup];
};

/// Addresses [start, start + size), page aligned. Single leaves are for every context; addresses
/// are rounded down to their page, and belong to the range.
template <machine::Machine M>
class PageTable {
 public:
  static constexpr std::size_t kMaxGroups = (std::size_t{1} << 14) + 64;

  PageTable() = default;
  PageTable(const PageTable&) = delete;
  PageTable& operator=(const PageTable&) = delete;

  /// Empties the table, too. Nobody else uses it. Storage that it already had may hold what it
  /// left there.
  void init(std::uint64_t start, std::uint64_t size, unsigned page_shift,
            std::span<LeafGroup<M>> groups) {
    reset();
    start_ = start;
    size_ = size;
    page_shift_ = page_shift;
    groups_ = groups.data();
    ANYCTX_CHECK_OP((size >> page_shift), <=, groups.size() * kLeavesPerGroup);
    ANYCTX_CHECK_OP(groups.size(), <=, kMaxGroups);
  }

  /// Builds all levels, except what leaves say: 0 or -ENOMEM. Task context.
  int populate() {
    const std::uint64_t entries = (std::uint64_t{1} << page_shift_) / sizeof(std::uint64_t);
    const std::uint64_t middle = entries * entries << page_shift_;
    if (!take_tables(middle * entries, [] { return M::fails(site::table_top, false); })) {
      return -ENOMEM;
    }
    const bool has_all = take_tables(middle, [] {
      return M::fails(site::table_middle, false) || M::fails(site::table_leaf, false);
    });
    return has_all ? 0 : -ENOMEM;
  }

  /// Empties the table. Nobody else uses it.
  void reset() {
    for (std::size_t top = 0; top < kTopWords; ++top) {
      for (std::uint64_t words = top_[top].peek(); words != 0; words &= words - 1) {
        reset_word(top * 64 + lowest(words));
      }
      top_[top].init(0);
    }
  }

  std::uint64_t start() const { return start_; }
  std::uint64_t end() const { return start_ + size_; }
  std::uint64_t page_size() const { return std::uint64_t{1} << page_shift_; }
  bool contains(std::uint64_t at) const { return at - start_ < size_; }

  // Leaves.

  /// Null: nothing is mapped there.
  Page<M>* load(std::uint64_t at) const { return page_in(leaf(index_of(at)).load()); }

  /// Maps a page where nothing is mapped. False: something is, or was a moment ago.
  [[nodiscard]] bool install(std::uint64_t at, Page<M>* page) {
    ANYCTX_CHECK(page != nullptr);
    const std::size_t index = index_of(at);
    mark(index / kLeavesPerGroup);
    std::uintptr_t found = 0;
    const auto desired = reinterpret_cast<std::uintptr_t>(page) | kUnsynced;
    while (!leaf(index).cas(found, desired)) {
      if (found != 0) return false;
    }
    return true;
  }

  /// Unmaps and returns what was mapped there, or null.
  Page<M>* clear(std::uint64_t at) { return page_in(leaf(index_of(at)).exchange(0)); }

  /// From here on, accesses by these addresses see what is mapped there now. (A flush of caches
  /// that go by virtual addresses: without it a pointer must not be given away.)
  void sync_cache(std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t at = next_present(from, to); at < to;
         at = next_present(at + page_size(), to)) {
      leaf(index_of(at)).fetch_and(~kUnsynced);
    }
  }

  // Walks. Leaves that change meanwhile are seen as they were or as they are.

  /// The first page of [from, to) where something is mapped; `to` if there is none.
  std::uint64_t next_present(std::uint64_t from, std::uint64_t to) const {
    if (from >= to) return to;
    const std::size_t end = end_index(to);
    std::size_t index = index_of(from);
    while (index < end) {
      const std::size_t group = next_marked(index / kLeavesPerGroup);
      if (group * kLeavesPerGroup > index) index = group * kLeavesPerGroup;
      const std::size_t behind = (group + 1) * kLeavesPerGroup;
      for (; index < behind && index < end; ++index) {
        if (leaf(index).load() != 0) return start_ + (index << page_shift_);
      }
    }
    return to;
  }

  /// Calls `visit(at, page)` for each page of [from, to) where something is mapped, until it
  /// returns an error, which is the result. -EINVAL if the range is empty or not of this table.
  template <class F>
  int walk_present(std::uint64_t from, std::uint64_t to, F visit) {
    if (!is_range(from, to)) return -EINVAL;
    for (std::uint64_t at = next_present(from, to); at < to;
         at = next_present(at + page_size(), to)) {
      Page<M>* const page = load(at);
      if (page == nullptr) continue;
      if (const int error = visit(at, page)) return error;
    }
    return 0;
  }
  /// The same for all pages; null where nothing is mapped.
  template <class F>
  int walk(std::uint64_t from, std::uint64_t to, F visit) {
    if (!is_range(from, to)) return -EINVAL;
    for (std::uint64_t at = from & ~(page_size() - 1); at < to; at += page_size()) {
      if (const int error = visit(at, load(at))) return error;
    }
    return 0;
  }

  // For oracles: no decision points.

  Page<M>* peek_load(std::uint64_t at) const { return page_in(leaf(index_of(at)).peek()); }
  /// Something was mapped there and no sync_cache() followed.
  bool peek_unsynced(std::uint64_t at) const {
    return (leaf(index_of(at)).peek() & kUnsynced) != 0;
  }
  /// Calls `f(at, page, is_unsynced)` where something is mapped.
  template <class F>
  void peek_each(F f) const {
    for (std::size_t top = 0; top < kTopWords; ++top) {
      for (std::uint64_t words = top_[top].peek(); words != 0; words &= words - 1) {
        peek_word(top * 64 + lowest(words), f);
      }
    }
  }

 private:
  static constexpr std::uintptr_t kUnsynced = 1;
  static constexpr std::size_t kMarkWords = kMaxGroups / 64;
  static constexpr std::size_t kTopWords = (kMarkWords + 63) / 64;

  using Mark = machine::Atomic<M, std::uint64_t, site::leaf_mark>;

  static std::size_t lowest(std::uint64_t word) {
    return static_cast<std::size_t>(std::countr_zero(word));
  }
  static Page<M>* page_in(std::uintptr_t leaf) {
    return reinterpret_cast<Page<M>*>(leaf & ~kUnsynced);
  }

  bool is_range(std::uint64_t from, std::uint64_t to) const {
    return from < to && contains(from) && to - start_ <= size_;
  }
  std::size_t index_of(std::uint64_t at) const {
    ANYCTX_CHECK_OP(at - start_, <, size_);
    return static_cast<std::size_t>((at - start_) >> page_shift_);
  }
  /// One behind the last page that begins before `to`.
  std::size_t end_index(std::uint64_t to) const { return index_of(to - 1) + 1; }

  auto& leaf(std::size_t index) {
    return groups_[index / kLeavesPerGroup].leaf[index % kLeavesPerGroup];
  }
  const auto& leaf(std::size_t index) const {
    return groups_[index / kLeavesPerGroup].leaf[index % kLeavesPerGroup];
  }

  /// One table for each part of `span` addresses that the range touches.
  template <class Fails>
  bool take_tables(std::uint64_t span, Fails fails) {
    for (std::uint64_t part = start_ / span; part <= (end() - 1) / span; ++part) {
      if (fails()) return false;
    }
    return true;
  }

  /// The upper word comes first: who finds the lower mark set may rely on it.
  void mark(std::size_t group) {
    const std::size_t word = group / 64;
    const std::uint64_t bit = std::uint64_t{1} << group % 64;
    const std::uint64_t marked = marks_[word].load();
    if ((marked & bit) != 0) return;
    top_[word / 64].fetch_or(std::uint64_t{1} << word % 64);
    marks_[word].fetch_or(bit);
  }

  /// The first marked group from `group` on; one behind the last possible group if there is none.
  std::size_t next_marked(std::size_t group) const {
    std::size_t word = group / 64;
    const std::uint64_t here = marks_[word].load() >> group % 64;
    if (here != 0) return group + lowest(here);
    for (++word; word < kMarkWords;) {
      const std::uint64_t words = top_[word / 64].load() >> word % 64;
      if (words == 0) {
        word = (word / 64 + 1) * 64;
        continue;
      }
      word += lowest(words);
      const std::uint64_t groups = marks_[word].load();
      if (groups != 0) return word * 64 + lowest(groups);
      ++word;
    }
    return kMaxGroups;
  }

  void reset_word(std::size_t word) {
    for (std::uint64_t groups = marks_[word].peek(); groups != 0; groups &= groups - 1) {
      for (auto& leaf : groups_[word * 64 + lowest(groups)].leaf) leaf.init(0);
    }
    marks_[word].init(0);
  }

  template <class F>
  void peek_word(std::size_t word, F& f) const {
    for (std::uint64_t groups = marks_[word].peek(); groups != 0; groups &= groups - 1) {
      peek_group(word * 64 + lowest(groups), f);
    }
  }
  template <class F>
  void peek_group(std::size_t group, F& f) const {
    for (std::size_t i = 0; i < kLeavesPerGroup; ++i) {
      const std::uintptr_t leaf = groups_[group].leaf[i].peek();
      if (leaf == 0) continue;
      f(start_ + ((group * kLeavesPerGroup + i) << page_shift_), page_in(leaf),
        (leaf & kUnsynced) != 0);
    }
  }

  std::uint64_t start_ = 0;
  std::uint64_t size_ = 0;
  unsigned page_shift_ = 12;
  LeafGroup<M>* groups_ = nullptr;
  Mark top_[kTopWords];
  Mark marks_[kMarkWords];
};

}  // namespace anyctx::page
