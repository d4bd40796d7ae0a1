// RangeSet: the reference for a set of numbers that is kept as runs and searched by best fit.
//
// A sorted list of runs, changed as a whole: slow and plain. Of runs of equal size the one that was
// changed last is found first; a call that leaves a run as it was does not change it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace anyctx::model {

/// Numbers that belong to the set, as many as possible beside each other.
struct Run {
  std::uint64_t first = 0;
  std::uint64_t size = 0;
  std::uint64_t end() const { return first + size; }
  friend bool operator==(const Run&, const Run&) = default;
};

class RangeSet {
 public:
  /// Empty, of numbers below `limit`.
  void reset(std::uint64_t limit);

  std::uint64_t limit() const { return limit_; }
  const std::vector<Run>& runs() const { return runs_; }
  /// A range that is not empty and ends at the limit at the latest.
  bool is_valid(std::uint64_t start, std::uint64_t length) const {
    return length != 0 && length <= limit_ && start <= limit_ - length;
  }

  // Of valid ranges.

  bool contains(std::uint64_t start, std::uint64_t length) const;
  /// Whether one run more must be remembered, at some time, to add or to remove the range.
  bool set_needs_run(std::uint64_t start, std::uint64_t length) const;
  bool clear_needs_run(std::uint64_t start, std::uint64_t length) const;
  void set(std::uint64_t start, std::uint64_t length);
  void clear(std::uint64_t start, std::uint64_t length);

  /// The start of the smallest run that has `length` numbers.
  std::optional<std::uint64_t> find(std::uint64_t length) const;

 private:
  bool touches(const Run& run, std::uint64_t start, std::uint64_t end) const {
    return run.first <= end && run.end() >= start;
  }
  void replace();

  std::vector<Run> runs_;            // by start
  std::vector<std::uint64_t> ages_;  // by run: when it became what it is
  std::vector<Run> next_runs_;       // what a change makes of them
  std::vector<std::uint64_t> next_ages_;
  std::uint64_t limit_ = 0;
  std::uint64_t clock_ = 0;
};

/// Whether two sorted lists of runs differ outside of [start, end).
bool differ_outside(const std::vector<Run>& one, const std::vector<Run>& other, std::uint64_t start,
                    std::uint64_t end);

}  // namespace anyctx::model
