// ArenaRoom: which slots of an arena are free, as a scenario's results tell it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace anyctx::triage {

class ArenaRoom {
 public:
  explicit ArenaRoom(unsigned slots = 0) : free_(slots, true) {}

  void take(std::int64_t first, std::uint32_t count) { set(first, count, false); }
  void give(std::int64_t first, std::uint32_t count) { set(first, count, true); }

  /// True if these slots are free, and those on both sides: what is left of the run without them is
  /// two runs.
  bool is_within_run(std::int64_t first, std::uint32_t count) const {
    if (first < 1 || first + count >= slots()) return false;
    return std::all_of(free_.begin() + first - 1, free_.begin() + first + count + 1,
                       [](bool is_free) { return is_free; });
  }

 private:
  std::int64_t slots() const { return static_cast<std::int64_t>(free_.size()); }
  void set(std::int64_t first, std::uint32_t count, bool is_free) {
    for (std::int64_t slot = std::max<std::int64_t>(first, 0);
         slot < std::min(slots(), first + count); ++slot)
      free_[static_cast<std::size_t>(slot)] = is_free;
  }

  std::vector<bool> free_;
};

}  // namespace anyctx::triage
