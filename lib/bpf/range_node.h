// RangeNode: one run of a RangeTree, in both of its orders, and where such nodes come from.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "lib/bpf/ordered_tree.h"

namespace anyctx::bpf {

/// Storage for nodes. allocate() returns null if there is none. Both are called with the lock held
/// that protects the tree, so they are what that lock's contexts allow: nolock, in general.
template <class S>
concept NodeSource = requires(S source, std::size_t bytes, void* node) {
  { source.allocate(bytes) } -> std::same_as<void*>;
  { source.release(node) } -> std::same_as<void>;
};

/// A run of set bits that cannot be extended: the bits before and behind it are clear.
struct RangeNode {
  std::uint64_t size() const { return std::uint64_t{last} - first + 1; }

  TreeLinks<RangeNode> by_start;
  TreeLinks<RangeNode> by_size;
  std::uint64_t serial = 0;  // of its insertion
  std::uint32_t first = 0;
  std::uint32_t last = 0;  // inclusive
};
static_assert(sizeof(RangeNode) <= 64);  // one cache line, one object of kmalloc-64

struct StartOrder {
  static TreeLinks<RangeNode>& links(RangeNode& node) { return node.by_start; }
  static bool before(const RangeNode& a, const RangeNode& b) { return a.first < b.first; }
};

/// Great runs first; of equal ones, that which was inserted last comes last.
struct SizeOrder {
  static TreeLinks<RangeNode>& links(RangeNode& node) { return node.by_size; }
  static bool before(const RangeNode& a, const RangeNode& b) {
    if (a.size() != b.size()) return a.size() > b.size();
    return a.serial < b.serial;
  }
};

}  // namespace anyctx::bpf
