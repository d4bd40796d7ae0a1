// ArenaShadow: what each slot of an arena may be, by what was done to it.
//
// Calls that were alone leave one state, or the few that their failures permit. Calls that ran
// together leave the union of what each could do. What is found when nothing is in progress must be
// among these, and is what the slot is from then on.
#pragma once

#include <cstdint>
#include <vector>

#include "fuzzers/model/arena_states.h"
#include "fuzzers/model/arena_view.h"

namespace anyctx::model {

struct ShadowSlot {
  StateSet states{SlotState::free};
  bool doomed = false;   // a deferred free that covers it may not be over
  bool written = false;  // the word that is expected in its page is known
  std::uint64_t word = 0;
  ArenaPage page = kNoArenaPage;  // where it was found last
  friend bool operator==(const ShadowSlot&, const ShadowSlot&) = default;
};

/// Slots that are alike are kept as one run: an arena can have a million, few of which are anything
/// but free.
class ArenaShadow {
 public:
  /// `slots`: of the longer of what was asked for and what is mapped.
  void reset(std::uint32_t slots);

  std::uint32_t size() const { return size_; }
  const ShadowSlot& slot(std::uint32_t slot) const { return runs_[run_of(slot)].slot; }

  /// Calls `f(part, slot)` for each run of `range`, which may change what it is given.
  template <class F>
  void each(SlotRange range, F f);

  void allocated(SlotRange range);  // zeroed
  void reserved(SlotRange range);
  void freed(SlotRange range);
  /// A deferred free was queued, or, if `may_be_refused`, nothing happened.
  void queued(SlotRange range, bool may_be_refused);
  /// Anything of `states` may have become of these.
  void widen(SlotRange range, StateSet states);
  /// What is in the pages is not known any more.
  void forget_words(SlotRange range);
  void write(std::uint32_t slot, std::uint64_t word);

  /// For each(): a slot is found in one of `found`; of these, it may be in the ones that are left.
  /// `page`: that which it has.
  static void observe(ShadowSlot& known, StateSet found, ArenaPage page);
  /// No deferred free is left: what could have been on its way has arrived.
  void all_arrived();

 private:
  struct Run {
    std::uint32_t first = 0;  // to the beginning of the next one
    ShadowSlot slot;
  };

  std::size_t run_of(std::uint32_t slot) const;
  bool is_in(std::uint32_t slot, std::size_t run) const {
    return run < runs_.size() && runs_[run].first <= slot && slot < end_of(run);
  }
  std::uint32_t end_of(std::size_t run) const {
    return run + 1 < runs_.size() ? runs_[run + 1].first : size_;
  }
  /// The run that begins at `slot`.
  std::size_t cut(std::uint32_t slot);
  void merge(std::size_t from, std::size_t to);

  std::vector<Run> runs_;
  std::uint32_t size_ = 0;
  mutable std::size_t last_ = 0;  // run that was looked for last: the next is near
};

template <class F>
void ArenaShadow::each(SlotRange range, F f) {
  if (range.end() > size_) range.count = range.first < size_ ? size_ - range.first : 0;
  if (range.empty()) return;
  const std::size_t begin = cut(range.first);
  std::size_t run = begin;
  for (; run < runs_.size() && runs_[run].first < range.end(); ++run) {
    if (end_of(run) > range.end()) cut(static_cast<std::uint32_t>(range.end()));
    const SlotRange part{runs_[run].first, end_of(run) - runs_[run].first};
    f(part, runs_[run].slot);
  }
  merge(begin == 0 ? 0 : begin - 1, run);
}

/// The states that what is found of a slot can mean.
constexpr StateSet meaning(bool free_in_tree, bool has_page) {
  if (free_in_tree) return has_page ? StateSet{} : kFree;
  return has_page ? kWithPage : kWithoutPage;
}

}  // namespace anyctx::model
