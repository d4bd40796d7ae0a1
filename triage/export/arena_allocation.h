// The first allocation of each call of an arena, and at which points it may fail.
#pragma once

#include <string_view>

namespace anyctx::triage {

/// The first allocation of a call.
struct ArenaAllocation {
  std::string_view point;
  // Beginnings of points of allocators that no other allocation of the call visits before.
  std::string_view inside;

  bool is(std::string_view other) const { return !point.empty() && other == point; }
  bool contains(std::string_view other) const {
    const std::string_view beginning = other.substr(0, other.find('.') + 1);
    return !beginning.empty() && inside.find(beginning) != std::string_view::npos;
  }
};

inline constexpr ArenaAllocation kArray = {"arena.array", ""};  // a node and pages follow
inline constexpr ArenaAllocation kOnlySplit = {"range_tree.split", "slab.page.memcg."};
inline constexpr ArenaAllocation kOnlyNew = {"range_tree.new", "slab.page.memcg."};
inline constexpr ArenaAllocation kSplitForPage = {"range_tree.split", "slab."};
inline constexpr ArenaAllocation kPage = {"arena.page", "page.memcg."};
// A deferred free without one may lose its slots.
inline constexpr ArenaAllocation kRecord = {"", ""};

}  // namespace anyctx::triage
