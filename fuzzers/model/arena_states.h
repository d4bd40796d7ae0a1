// States of an arena's slot, and sets of them: what a slot may be, given what happened to it.
//
//     state      free in tree  page  whose
//     free       yes           no    nobody's
//     reserved   no            no    of who reserved it
//     allocated  no            yes   of who allocated it, or of the user who touched it
//     queued     no            yes   given back, but the worker has not come to it
//     teardown   yes or no     no    given back; the page is on its way
//     lost_slot  no            no    nobody's: the tree lost it
//     lost_page  no            yes   nobody's: who gave it back could not say so
//
// That kernel code was let through at an empty slot (scratch page) is no state of its own.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

namespace anyctx::model {

enum class SlotState : std::uint8_t {
  free,
  reserved,
  allocated,
  queued,
  teardown,
  lost_slot,
  lost_page,
};

class StateSet {
 public:
  constexpr StateSet() = default;
  constexpr StateSet(std::initializer_list<SlotState> states) {
    for (const SlotState state : states) bits_ |= bit(state);
  }
  constexpr bool has(SlotState state) const { return (bits_ & bit(state)) != 0; }
  constexpr bool any_of(StateSet other) const { return (bits_ & other.bits_) != 0; }
  constexpr bool only(StateSet other) const { return (bits_ & ~other.bits_) == 0; }
  constexpr bool none() const { return bits_ == 0; }
  constexpr StateSet operator|(StateSet other) const { return from(bits_ | other.bits_); }
  constexpr StateSet operator&(StateSet other) const { return from(bits_ & other.bits_); }
  friend constexpr bool operator==(StateSet, StateSet) = default;

  std::string text() const {
    constexpr const char* names[] = {"free",     "reserved",  "allocated", "queued",
                                     "teardown", "lost slot", "lost page"};
    std::string text;
    for (unsigned i = 0; i < 7; ++i) {
      if ((bits_ >> i & 1) != 0) text += std::string(text.empty() ? "" : " or ") + names[i];
    }
    return text.empty() ? "nothing" : text;
  }

 private:
  static constexpr std::uint8_t bit(SlotState state) {
    return static_cast<std::uint8_t>(1u << static_cast<unsigned>(state));
  }
  static constexpr StateSet from(unsigned bits) {
    StateSet set;
    set.bits_ = static_cast<std::uint8_t>(bits);
    return set;
  }

  std::uint8_t bits_ = 0;
};

inline constexpr StateSet kWithPage = {SlotState::allocated, SlotState::queued,
                                       SlotState::lost_page};
inline constexpr StateSet kWithoutPage = {SlotState::reserved, SlotState::teardown,
                                          SlotState::lost_slot};
inline constexpr StateSet kFree = {SlotState::free, SlotState::teardown};
/// What becomes of a slot that a deferred free covers.
inline constexpr StateSet kGoing = {SlotState::queued, SlotState::teardown, SlotState::free};
/// Where that ends: being queued or in teardown passes.
inline constexpr StateSet kSettled = {SlotState::free, SlotState::reserved, SlotState::allocated,
                                      SlotState::lost_slot, SlotState::lost_page};
inline constexpr StateSet kAny = kWithPage | kWithoutPage | kFree;

}  // namespace anyctx::model
