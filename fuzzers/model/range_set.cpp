#include "fuzzers/model/range_set.h"

#include <algorithm>

namespace anyctx::model {
namespace {

/// Steps through the parts of a list of runs that lie outside of [start, end).
class Outside {
 public:
  Outside(const std::vector<Run>& runs, std::uint64_t start, std::uint64_t end)
      : runs_(runs), start_(start), end_(end) {}

  /// The next part; of size 0 at the end.
  Run next() {
    while (index_ < runs_.size()) {
      const Run& run = runs_[index_];
      if (!behind_) {
        behind_ = true;
        const std::uint64_t end = std::min(run.end(), start_);
        if (run.first < end) return {run.first, end - run.first};
      }
      behind_ = false;
      ++index_;
      const std::uint64_t first = std::max(run.first, end_);
      if (first < run.end()) return {first, run.end() - first};
    }
    return {};
  }

 private:
  const std::vector<Run>& runs_;
  std::uint64_t start_;
  std::uint64_t end_;
  std::size_t index_ = 0;
  bool behind_ = false;  // the part before the range was looked at
};

}  // namespace

void RangeSet::reset(std::uint64_t limit) {
  runs_.clear();
  ages_.clear();
  limit_ = limit;
  clock_ = 0;
}

bool RangeSet::contains(std::uint64_t start, std::uint64_t length) const {
  return std::ranges::any_of(
      runs_, [&](const Run& run) { return run.first <= start && run.end() >= start + length; });
}

bool RangeSet::set_needs_run(std::uint64_t start, std::uint64_t length) const {
  return std::ranges::none_of(runs_,
                              [&](const Run& run) { return touches(run, start, start + length); });
}

bool RangeSet::clear_needs_run(std::uint64_t start, std::uint64_t length) const {
  return std::ranges::any_of(
      runs_, [&](const Run& run) { return run.first < start && run.end() > start + length; });
}

void RangeSet::set(std::uint64_t start, std::uint64_t length) {
  if (contains(start, length)) return;
  Run merged{start, length};
  next_runs_.clear();
  for (const Run& run : runs_) {
    if (!touches(run, start, start + length)) {
      next_runs_.push_back(run);
      continue;
    }
    const std::uint64_t end = std::max(merged.end(), run.end());
    merged.first = std::min(merged.first, run.first);
    merged.size = end - merged.first;
  }
  const auto place = std::ranges::lower_bound(next_runs_, merged.first, {}, &Run::first);
  next_runs_.insert(place, merged);
  replace();
}

void RangeSet::clear(std::uint64_t start, std::uint64_t length) {
  const std::uint64_t end = start + length;
  next_runs_.clear();
  for (const Run& run : runs_) {
    if (run.first >= end || run.end() <= start) {
      next_runs_.push_back(run);
      continue;
    }
    if (run.first < start) next_runs_.push_back({run.first, start - run.first});
    if (run.end() > end) next_runs_.push_back({end, run.end() - end});
  }
  replace();
}

/// New runs are younger than old ones, and the younger the further to the right.
void RangeSet::replace() {
  next_ages_.clear();
  std::size_t old = 0;
  for (const Run& run : next_runs_) {
    while (old < runs_.size() && runs_[old].first < run.first) ++old;
    const bool same = old < runs_.size() && runs_[old] == run;
    next_ages_.push_back(same ? ages_[old] : ++clock_);
  }
  runs_.swap(next_runs_);
  ages_.swap(next_ages_);
}

std::optional<std::uint64_t> RangeSet::find(std::uint64_t length) const {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    if (runs_[i].size < length) continue;
    const bool better = !best || runs_[i].size < runs_[*best].size ||
                        (runs_[i].size == runs_[*best].size && ages_[i] > ages_[*best]);
    if (better) best = i;
  }
  if (!best) return std::nullopt;
  return runs_[*best].first;
}

bool differ_outside(const std::vector<Run>& one, const std::vector<Run>& other, std::uint64_t start,
                    std::uint64_t end) {
  Outside first(one, start, end);
  Outside second(other, start, end);
  for (;;) {
    const Run a = first.next();
    const Run b = second.next();
    if (a != b) return true;
    if (a.size == 0) return false;
  }
}

}  // namespace anyctx::model
