#include "fuzzers/model/arena_shadow.h"

#include <algorithm>

namespace anyctx::model {

void ArenaShadow::reset(std::uint32_t slots) {
  size_ = slots;
  runs_.assign(1, Run{});
}

std::size_t ArenaShadow::run_of(std::uint32_t slot) const {
  if (is_in(slot, last_)) return last_;
  if (is_in(slot, last_ + 1)) return ++last_;
  const auto behind =
      std::ranges::partition_point(runs_, [=](const Run& run) { return run.first <= slot; });
  last_ = static_cast<std::size_t>(behind - runs_.begin()) - 1;
  return last_;
}

std::size_t ArenaShadow::cut(std::uint32_t slot) {
  const std::size_t run = run_of(slot);
  if (runs_[run].first == slot) return run;
  runs_.insert(runs_.begin() + static_cast<std::ptrdiff_t>(run) + 1, Run{slot, runs_[run].slot});
  return run + 1;
}

/// Makes one of neighbours among [from, to] that are alike.
void ArenaShadow::merge(std::size_t from, std::size_t to) {
  const std::size_t end = std::min(to + 1, runs_.size());
  std::size_t last = from;
  for (std::size_t run = from + 1; run < end; ++run) {
    if (runs_[run].slot != runs_[last].slot) runs_[++last] = runs_[run];
  }
  runs_.erase(runs_.begin() + static_cast<std::ptrdiff_t>(last) + 1,
              runs_.begin() + static_cast<std::ptrdiff_t>(end));
}

void ArenaShadow::allocated(SlotRange range) {
  each(range, [](SlotRange, ShadowSlot& slot) {
    slot.states = StateSet{SlotState::allocated} | (slot.doomed ? kGoing : StateSet{});
    slot.word = 0;
    slot.written = true;
    slot.page = kNoArenaPage;
  });
}

void ArenaShadow::reserved(SlotRange range) {
  each(range, [](SlotRange, ShadowSlot& slot) {
    slot.states = StateSet{SlotState::reserved} | (slot.doomed ? kGoing : StateSet{});
  });
}

void ArenaShadow::freed(SlotRange range) {
  each(range, [](SlotRange, ShadowSlot& slot) {
    slot.states = slot.doomed ? kFree : StateSet{SlotState::free};
    slot.written = false;
    slot.word = 0;
    slot.page = kNoArenaPage;
  });
}

void ArenaShadow::queued(SlotRange range, bool may_be_refused) {
  each(range, [=](SlotRange, ShadowSlot& slot) {
    StateSet next = kGoing;
    if (may_be_refused) {
      next = next | slot.states;
      if (slot.states.has(SlotState::allocated)) next = next | StateSet{SlotState::lost_page};
    }
    slot.states = next;
    slot.doomed = true;
  });
}

void ArenaShadow::widen(SlotRange range, StateSet states) {
  each(range, [=](SlotRange, ShadowSlot& slot) { slot.states = slot.states | states; });
}

void ArenaShadow::forget_words(SlotRange range) {
  each(range, [](SlotRange, ShadowSlot& slot) {
    slot.written = false;
    slot.word = 0;
    slot.page = kNoArenaPage;
  });
}

void ArenaShadow::write(std::uint32_t slot, std::uint64_t word) {
  each({slot, 1}, [=](SlotRange, ShadowSlot& known) {
    known.word = word;
    known.written = true;
  });
}

void ArenaShadow::observe(ShadowSlot& known, StateSet found, ArenaPage page) {
  known.states = known.states & found;
  if (known.doomed) known.states = known.states | (page == kNoArenaPage ? kFree : kGoing);
  known.page = page;
  if (page != kNoArenaPage) return;
  known.written = false;
  known.word = 0;
}

void ArenaShadow::all_arrived() {
  each({0, size_}, [](SlotRange, ShadowSlot& slot) {
    if (!slot.doomed) return;
    slot.doomed = false;
    slot.states = slot.states & kSettled;
  });
}

}  // namespace anyctx::model
