#include "fuzzers/model/arena_shadow.h"

namespace anyctx::model {

void ArenaShadow::reset(std::uint32_t slots) {
  for (const std::uint32_t slot : touched_) slots_[slot] = {};
  touched_.clear();
  size_ = slots;
  if (slots_.size() < slots) slots_.resize(slots);
}

ShadowSlot& ArenaShadow::touch(std::uint32_t slot) {
  ShadowSlot& known = slots_[slot];
  if (!known.touched) {
    known.touched = true;
    touched_.push_back(slot);
  }
  return known;
}

template <class F>
void ArenaShadow::each(SlotRange range, F f) {
  for (std::uint64_t slot = range.first; slot < range.end() && slot < size_; ++slot) {
    f(touch(static_cast<std::uint32_t>(slot)));
  }
}

void ArenaShadow::allocated(SlotRange range) {
  each(range, [](ShadowSlot& slot) {
    slot.states = StateSet{SlotState::allocated} | (slot.doomed ? kGoing : StateSet{});
    slot.word = 0;
    slot.written = true;
    slot.page = kNoArenaPage;
  });
}

void ArenaShadow::reserved(SlotRange range) {
  each(range, [](ShadowSlot& slot) {
    slot.states = StateSet{SlotState::reserved} | (slot.doomed ? kGoing : StateSet{});
  });
}

void ArenaShadow::freed(SlotRange range) {
  each(range, [](ShadowSlot& slot) {
    slot.states = slot.doomed ? kFree : StateSet{SlotState::free};
    slot.written = false;
    slot.page = kNoArenaPage;
  });
}

void ArenaShadow::queued(SlotRange range, bool may_be_refused) {
  each(range, [=](ShadowSlot& slot) {
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
  each(range, [=](ShadowSlot& slot) { slot.states = slot.states | states; });
}

void ArenaShadow::forget_words(SlotRange range) {
  each(range, [](ShadowSlot& slot) {
    slot.written = false;
    slot.page = kNoArenaPage;
  });
}

void ArenaShadow::write(std::uint32_t slot, std::uint64_t word) {
  ShadowSlot& known = touch(slot);
  known.word = word;
  known.written = true;
}

void ArenaShadow::observe(std::uint32_t slot, StateSet found, ArenaPage page) {
  ShadowSlot& known = touch(slot);
  known.states = known.states & found;
  if (known.doomed) known.states = known.states | (page == kNoArenaPage ? kFree : kGoing);
  known.page = page;
  if (page == kNoArenaPage) known.written = false;
}

void ArenaShadow::all_arrived() {
  for (const std::uint32_t index : touched_) {
    ShadowSlot& slot = slots_[index];
    if (!slot.doomed) continue;
    slot.doomed = false;
    slot.states = slot.states & kSettled;
  }
}

}  // namespace anyctx::model
