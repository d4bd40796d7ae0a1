#include "fuzzers/model/arena_space.h"

#include <algorithm>

namespace anyctx::model {

void ArenaSpace::reset(std::uint32_t slots) {
  runs_.clear();
  serial_ = 1;
  if (slots > 0) runs_.push_back({0, slots, 1});
}

/// Index of the first run that ends behind `slot`.
std::size_t ArenaSpace::first_behind(std::uint64_t slot) const {
  const auto found =
      std::ranges::partition_point(runs_, [=](const Run& run) { return run.end() <= slot; });
  return static_cast<std::size_t>(found - runs_.begin());
}

void ArenaSpace::take(SlotRange range) {
  const std::uint64_t end = range.end();
  for (std::size_t i = first_behind(range.first); i < runs_.size() && runs_[i].first < end;) {
    const Run run = runs_[i];
    const auto at = static_cast<std::ptrdiff_t>(i);
    runs_.erase(runs_.begin() + at);
    if (run.first < range.first) {
      runs_.insert(runs_.begin() + static_cast<std::ptrdiff_t>(i++),
                   {run.first, range.first - run.first, ++serial_});
    }
    if (run.end() > end) {
      runs_.insert(runs_.begin() + static_cast<std::ptrdiff_t>(i++),
                   {static_cast<std::uint32_t>(end), run.end() - end, ++serial_});
    }
  }
}

void ArenaSpace::give(SlotRange range) {
  if (range.empty()) return;
  const bool was_free = all_free(range);
  std::uint64_t first = range.first;
  std::uint64_t end = range.end();
  // From the run before, if it adjoins.
  std::size_t i = first_behind(range.first == 0 ? 0 : range.first - 1);
  const std::size_t from = i;
  for (; i < runs_.size() && runs_[i].first <= range.end(); ++i) {
    first = std::min<std::uint64_t>(first, runs_[i].first);
    end = std::max(end, runs_[i].end());
  }
  const auto begin = runs_.begin() + static_cast<std::ptrdiff_t>(from);
  const auto at = runs_.erase(begin, runs_.begin() + static_cast<std::ptrdiff_t>(i));
  // To give what is free already may or may not count as a change.
  runs_.insert(at, {static_cast<std::uint32_t>(first), end - first, was_free ? 0 : ++serial_});
}

void ArenaSpace::observe(std::span<const SlotRange> runs) {
  scratch_.clear();
  std::size_t known = 0;
  for (const SlotRange& run : runs) {
    while (known < runs_.size() && runs_[known].first < run.first) ++known;
    const bool same =
        known < runs_.size() && runs_[known].first == run.first && runs_[known].size == run.count;
    scratch_.push_back({run.first, run.count, same ? runs_[known].serial : 0});
  }
  runs_.swap(scratch_);
}

bool ArenaSpace::all_free(SlotRange range) const {
  const std::size_t i = first_behind(range.first);
  return i < runs_.size() && runs_[i].first <= range.first && runs_[i].end() >= range.end();
}

std::uint64_t ArenaSpace::longest() const {
  std::uint64_t longest = 0;
  for (const Run& run : runs_) longest = std::max(longest, run.size);
  return longest;
}

bool ArenaSpace::may_place(std::uint32_t count, std::uint32_t first, std::uint32_t& instead) const {
  std::uint64_t best = ~std::uint64_t{0};
  for (const Run& run : runs_) {
    if (run.size >= count) best = std::min(best, run.size);
  }
  bool unknown = false;
  const Run* newest = nullptr;
  bool listed = false;
  for (const Run& run : runs_) {
    if (run.size != best) continue;
    listed |= run.first == first;
    unknown |= run.serial == 0;
    if (newest == nullptr || run.serial > newest->serial) newest = &run;
  }
  if (newest == nullptr) return false;
  instead = newest->first;
  return unknown ? listed : newest->first == first;
}

}  // namespace anyctx::model
