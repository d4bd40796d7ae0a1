// LockLedger: who holds and who attempts which lock, in which order, and since when.
//
// Code that nests on one CPU shares a stack: the last entry is the innermost. Entries are made
// before an attempt and end after the release, so that they cover whatever the lock itself records.
// Times are nanoseconds of virtual time; events are numbered, as most happen at the same time.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace anyctx::model {

using LockId = std::uint32_t;
using StackId = std::uint32_t;

inline constexpr unsigned kMostLocks = 40;
inline constexpr unsigned kMostStacks = 9;

struct LockEntry {
  enum class State : std::uint8_t { attempting, held, releasing };

  LockId lock = 0;
  State state = State::attempting;
  bool beside_timeout = false;        // another attempt ended with a timeout meanwhile
  std::uint32_t depth = 0;            // of the code that made it
  std::uint32_t others = 0;           // attempts at the lock that overlap with this one, so far
  std::uint64_t begun = 0;            // event
  std::uint64_t begun_ns = 0;         // time
  std::uint64_t nested_ns = 0;        // time that code took which interrupted the attempt
  std::uint64_t interruptions = 0;    // of other stacks when it began
  std::uint64_t forced_timeouts = 0;  // of any attempt before it began, by whom it may concern
};

class LockLedger {
 public:
  using State = LockEntry::State;

  void reset();

  // What happens, in the order in which it happens on each stack.

  LockEntry& begin_attempt(StackId stack, LockId lock, std::uint64_t now);
  void acquire(StackId stack) { top(stack).state = State::held; }
  void end_attempt(StackId stack, bool timed_out);  // without success
  void begin_release(StackId stack) { top(stack).state = State::releasing; }
  void end_release(StackId stack) { pop(stack); }

  /// Code that nests in other code of the stack begins; it took `ns` when it ends. The outermost
  /// code counts, too.
  void begin_nested(StackId stack);
  void end_nested(StackId stack, std::uint64_t ns);

  // What is known.

  const std::vector<LockEntry>& stack(StackId stack) const { return stacks_[stack].entries; }
  LockEntry& top(StackId stack) { return stacks_[stack].entries.back(); }
  const LockEntry& top(StackId stack) const { return stacks_[stack].entries.back(); }

  /// How many code levels of all stacks held the lock, as far as they know. More than one is wrong.
  unsigned owners(LockId lock) const;
  /// Entries that are not simply held.
  unsigned in_transition(LockId lock) const;
  /// The lowest entry for the lock below the top; the size of the stack if there is none.
  std::size_t below_top(StackId stack, LockId lock) const;
  /// Whether the stack has, or had at some time since event `since`, an entry for the lock.
  bool was_on(StackId stack, LockId lock, std::uint64_t since) const;
  /// Whether any stack but this one had.
  bool was_elsewhere(StackId stack, LockId lock, std::uint64_t since) const;
  /// Whether, as far as the others could see since event `since`, the holder of the top's lock
  /// waited for a lock of this stack.
  bool may_be_in_cycle(StackId stack) const;
  /// Whether code of other stacks was interrupted at some time since the attempt began.
  bool others_were_interrupted(StackId stack, const LockEntry& since) const;

 private:
  struct Stack {
    std::vector<LockEntry> entries;
    std::uint32_t depth = 0;          // code levels in progress
    std::uint64_t interruptions = 0;  // beginnings and ends of those above the first
    std::array<std::uint32_t, kMostLocks> present{};  // entries by lock
    std::array<std::uint64_t, kMostLocks> left{};     // event at which the last one ended
  };

  void pop(StackId stack);
  std::uint64_t interruptions_of_others(StackId stack) const;

  std::array<Stack, kMostStacks> stacks_;
  std::uint64_t events_ = 0;
};

}  // namespace anyctx::model
