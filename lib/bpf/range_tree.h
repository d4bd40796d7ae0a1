// RangeTree: a set of numbers, kept as runs, that finds the smallest run which is long enough.
// Source: Linux 7.3 kernel/bpf/range_tree.c (results, placement, tie rule).
//
// Runs are in two trees: by start, to find what a range touches, and by size, for best fit. Where
// the kernel loses bits when a node cannot be allocated, this tree changes nothing: it allocates
// first. No lock: the owner's covers every member, const ones included.
#pragma once

#include <cerrno>
#include <new>
#include <string_view>

#include "lib/bpf/range_node.h"
#include "lib/bpf/sites.h"
#include "lib/machine/machine.h"

namespace anyctx::bpf {

/// Bits [0, limit). Ranges are (start, length); one that is empty or reaches beyond the limit is
/// refused with -EINVAL. An operation visits each run that its range touches once, and takes
/// O(log n) steps for each; find(), is_set() and trim() take O(log n). Legal in every context that
/// may hold the owner's lock and use the source.
template <machine::Machine M, NodeSource Source>
class RangeTree {
 public:
  static constexpr std::uint64_t kMaxLimit = std::uint64_t{1} << 32;

  RangeTree() = default;
  RangeTree(const RangeTree&) = delete;
  RangeTree& operator=(const RangeTree&) = delete;

  /// An empty set. Forgets what was there: see destroy(). `source` is not owned.
  void init(std::uint64_t limit, Source& source) {
    ANYCTX_CHECK_OP(limit, <=, kMaxLimit);
    by_start_ = {};
    by_size_ = {};
    limit_ = limit;
    source_ = &source;
    serial_ = 0;
  }

  /// Clears the set and gives all nodes back.
  void destroy() {
    by_size_ = {};
    while (RangeNode* const node = run_from(0)) {
      by_start_.remove(*node);
      source_->release(node);
    }
  }

  /// Sets the bits of a range. -ENOMEM: nothing changed. Needs a node, and so can fail, only if no
  /// bit of the range is set and none beside it.
  [[nodiscard]] int set(std::uint64_t start, std::uint64_t length) {
    if (!is_valid(start, length)) return -EINVAL;
    if (is_set(start, length) == 0) return 0;
    const std::uint64_t end = start + length;
    const std::uint64_t from = start == 0 ? 0 : start - 1;
    RangeNode* const run = run_from(from);
    if (run == nullptr || run->first > end) return add_run(start, end);
    absorb(*run, start, end, from);
    return 0;
  }

  /// Clears the bits of a range, whichever of them are set. -ENOMEM: nothing changed. Needs a node,
  /// and so can fail, only if the bits before and behind the range belong to the same run.
  [[nodiscard]] int clear(std::uint64_t start, std::uint64_t length) {
    if (!is_valid(start, length)) return -EINVAL;
    const std::uint64_t end = start + length;
    for (;;) {
      RangeNode* const run = run_from(start);
      if (run == nullptr || run->first >= end) return 0;
      const bool keeps_left = run->first < start;
      const bool keeps_right = run->last >= end;
      if (keeps_left && keeps_right) return split(*run, start, end);
      if (keeps_left) {
        change(*run, run->first, start);
      } else if (keeps_right) {
        change(*run, end, end_of(*run));
      } else {
        unlink(*run);
        source_->release(run);
      }
    }
  }

  /// 0 if all bits of a range are set, otherwise -ESRCH.
  [[nodiscard]] int is_set(std::uint64_t start, std::uint64_t length) const {
    if (!is_valid(start, length)) return -EINVAL;
    const RangeNode* const run = run_from(start);
    const bool covers = run != nullptr && run->first <= start && end_of(*run) >= start + length;
    return covers ? 0 : -ESRCH;
  }

  /// Where `length` bits are set: the beginning of the smallest run that has as many; of equal
  /// ones, the one that was inserted or changed last. Otherwise -ENOENT. To clear what was found
  /// needs no node.
  [[nodiscard]] std::int64_t find(std::uint64_t length) const {
    if (length == 0) return -EINVAL;
    const RangeNode* const run =
        by_size_.last_where([=](const RangeNode& node) { return node.size() >= length; });
    return run != nullptr ? std::int64_t{run->first} : -ENOENT;
  }

  /// [start, end) without the bits at its ends that are set. Bits beyond the limit are clear.
  void trim(std::uint64_t& start, std::uint64_t& end) const {
    const RangeNode* run = start < end ? run_from(start) : nullptr;
    if (run != nullptr && run->first <= start) start = end_of(*run) < end ? end_of(*run) : end;
    run = start < end ? run_from(end - 1) : nullptr;
    if (run != nullptr && run->first < end) end = run->first;
  }
  std::uint64_t limit() const { return limit_; }

  // For oracles.

  /// Calls `f(first, size)` for each run, by start.
  template <class F>
  void visit(F f) const {
    by_start_.visit([&](const RangeNode& node) { f(std::uint64_t{node.first}, node.size()); });
  }

  /// Empty if nothing is wrong: runs are disjoint, maximal and below the limit, and both trees
  /// hold the same ones.
  std::string_view audit() const;

 private:
  static std::uint64_t end_of(const RangeNode& run) { return std::uint64_t{run.last} + 1; }

  bool is_valid(std::uint64_t start, std::uint64_t length) const {
    return length != 0 && length <= limit_ && start <= limit_ - length;
  }

  /// The first run that ends behind `bit`.
  RangeNode* run_from(std::uint64_t bit) const {
    return by_start_.first_where([=](const RangeNode& node) { return node.last >= bit; });
  }

  RangeNode* allocate(machine::Site site) {
    if (M::fails(site, false)) return nullptr;
    void* const memory = source_->allocate(sizeof(RangeNode));
    return memory != nullptr ? ::new (memory) RangeNode : nullptr;
  }

  int add_run(std::uint64_t start, std::uint64_t end) {
    RangeNode* const run = allocate(site::range_new);
    if (run == nullptr) return -ENOMEM;
    link(*run, start, end);
    return 0;
  }

  int split(RangeNode& left, std::uint64_t start, std::uint64_t end) {
    RangeNode* const right = allocate(site::range_split);
    if (right == nullptr) return -ENOMEM;
    const std::uint64_t right_end = end_of(left);
    change(left, left.first, start);
    link(*right, end, right_end);
    return 0;
  }

  /// `run` becomes the union of [start, end) and of all runs from `from` that overlap or adjoin it.
  void absorb(RangeNode& run, std::uint64_t start, std::uint64_t end, std::uint64_t from) {
    unlink(run);
    std::uint64_t first = run.first < start ? run.first : start;
    std::uint64_t reach = end_of(run) > end ? end_of(run) : end;
    for (;;) {
      RangeNode* const next = run_from(from);
      if (next == nullptr || next->first > end) break;
      if (end_of(*next) > reach) reach = end_of(*next);
      unlink(*next);
      source_->release(next);
    }
    link(run, first, reach);
  }

  void change(RangeNode& run, std::uint64_t start, std::uint64_t end) {
    unlink(run);
    link(run, start, end);
  }
  void link(RangeNode& run, std::uint64_t start, std::uint64_t end) {
    ANYCTX_CHECK_OP(start, <, end);
    ANYCTX_CHECK_OP(end, <=, limit_);
    run.first = static_cast<std::uint32_t>(start);
    run.last = static_cast<std::uint32_t>(end - 1);
    run.serial = ++serial_;
    by_start_.insert(run);
    by_size_.insert(run);
  }
  void unlink(RangeNode& run) {
    by_start_.remove(run);
    by_size_.remove(run);
  }

  OrderedTree<RangeNode, StartOrder> by_start_;
  OrderedTree<RangeNode, SizeOrder> by_size_;
  std::uint64_t limit_ = 0;
  std::uint64_t serial_ = 0;
  Source* source_ = nullptr;
};

template <machine::Machine M, NodeSource Source>
std::string_view RangeTree<M, Source>::audit() const {
  if (!by_start_.is_sound()) return "the tree by start is malformed";
  if (!by_size_.is_sound()) return "the tree by size is malformed";
  std::string_view wrong;
  std::uint64_t end = 0;  // of the runs so far; beyond the first, at least one clear bit follows
  std::uint64_t runs = 0;
  std::uint64_t serials = 0;
  by_start_.visit([&](const RangeNode& run) {
    if (run.last < run.first) wrong = "a run is inverted";
    if (runs != 0 && run.first <= end) wrong = "two runs overlap or adjoin";
    end = end_of(run);
    ++runs;
    serials += run.serial;
  });
  if (end > limit_) wrong = "a run reaches beyond the limit";
  by_size_.visit([&](const RangeNode& run) {
    --runs;
    serials -= run.serial;
  });
  if (runs != 0 || serials != 0) wrong = "the trees hold different runs";
  return wrong;
}

}  // namespace anyctx::bpf
