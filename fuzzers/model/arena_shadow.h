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
  bool touched = false;  // is in touched()
  std::uint64_t word = 0;
  ArenaPage page = kNoArenaPage;  // where it was found last
};

class ArenaShadow {
 public:
  /// `slots`: of the longer of what was asked for and what is mapped.
  void reset(std::uint32_t slots);

  std::uint32_t size() const { return size_; }
  const ShadowSlot& slot(std::uint32_t slot) const { return slots_[slot]; }
  /// Those that are not just free and never were anything else. In order of the first touch.
  const std::vector<std::uint32_t>& touched() const { return touched_; }

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

  /// The slot is found in one of `found`; of these, it may be the ones that are left. `page`: the
  /// page it has.
  void observe(std::uint32_t slot, StateSet found, ArenaPage page);
  /// No deferred free is left: what could have been on its way has arrived.
  void all_arrived();

  ShadowSlot& touch(std::uint32_t slot);

 private:
  template <class F>
  void each(SlotRange range, F f);

  std::vector<ShadowSlot> slots_;
  std::vector<std::uint32_t> touched_;
  std::uint32_t size_ = 0;
};

/// The states that what is found of a slot can mean.
constexpr StateSet meaning(bool free_in_tree, bool has_page) {
  if (free_in_tree) return has_page ? StateSet{} : kFree;
  return has_page ? kWithPage : kWithoutPage;
}

}  // namespace anyctx::model
