// ArenaSpace: which slots an arena would hand out next. A set of free runs with the order in which
// they came to be, as far as that is known.
// Source: Linux 7.3 kernel/bpf/range_tree.c (best fit; of equals, the run that changed last).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fuzzers/model/arena_geometry.h"

namespace anyctx::model {

class ArenaSpace {
 public:
  /// All of `slots` are free.
  void reset(std::uint32_t slots);

  void take(SlotRange range);
  void give(SlotRange range);

  /// What was found instead of what is known. Runs that are new came to be in an unknown order.
  void observe(std::span<const SlotRange> runs);

  /// Runs may have gone and come back as they were.
  void forget_order() {
    for (Run& run : runs_) run.serial = 0;
  }

  bool all_free(SlotRange range) const;
  std::uint64_t longest() const;

  /// Whether an allocation of `count` may be placed at `first`; if not, where else.
  bool may_place(std::uint32_t count, std::uint32_t first, std::uint32_t& instead) const;

 private:
  struct Run {
    std::uint32_t first;
    std::uint64_t size;
    std::uint64_t serial;  // 0: unknown
    std::uint64_t end() const { return first + size; }
  };
  std::size_t first_behind(std::uint64_t slot) const;

  std::vector<Run> runs_;     // by first
  std::vector<Run> scratch_;  // of observe()
  std::uint64_t serial_ = 0;
};

}  // namespace anyctx::model
