#include "fuzzers/model/lock_ledger.h"

#include <algorithm>

namespace anyctx::model {

void LockLedger::reset() {
  for (Stack& stack : stacks_) {
    stack.entries.clear();
    stack.depth = 0;
    stack.interruptions = 0;
    stack.present.fill(0);
    stack.left.fill(0);
  }
  events_ = 0;
}

LockEntry& LockLedger::begin_attempt(StackId own, LockId lock, std::uint64_t now) {
  LockEntry entry;
  entry.lock = lock;
  entry.begun = ++events_;
  entry.begun_ns = now;
  entry.interruptions = interruptions_of_others(own);
  for (Stack& stack : stacks_) {
    if (stack.present[lock] == 0) continue;
    for (LockEntry& other : stack.entries) {
      if (other.lock != lock || other.state != State::attempting) continue;
      ++other.others;
      ++entry.others;
    }
  }
  Stack& stack = stacks_[own];
  entry.depth = stack.depth;
  ++stack.present[lock];
  stack.entries.push_back(entry);
  return stack.entries.back();
}

void LockLedger::end_attempt(StackId own, bool timed_out) {
  const LockId lock = top(own).lock;
  pop(own);
  if (!timed_out) return;
  for (Stack& stack : stacks_) {
    for (LockEntry& other : stack.entries) {
      if (other.lock == lock && other.state == State::attempting) other.beside_timeout = true;
    }
  }
}

void LockLedger::pop(StackId own) {
  Stack& stack = stacks_[own];
  const LockId lock = stack.entries.back().lock;
  stack.entries.pop_back();
  --stack.present[lock];
  stack.left[lock] = ++events_;
}

void LockLedger::begin_nested(StackId own) {
  Stack& stack = stacks_[own];
  if (++stack.depth > 1) ++stack.interruptions;
}

void LockLedger::end_nested(StackId own, std::uint64_t ns) {
  Stack& stack = stacks_[own];
  if (--stack.depth == 0) return;
  ++stack.interruptions;
  // What nested in nested code is part of what that took.
  if (stack.entries.empty() || stack.entries.back().depth != stack.depth) return;
  stack.entries.back().nested_ns += ns;
}

unsigned LockLedger::owners(LockId lock) const {
  unsigned count = 0;
  for (const Stack& stack : stacks_) {
    if (stack.present[lock] == 0) continue;
    count += static_cast<unsigned>(std::ranges::count_if(stack.entries, [&](const LockEntry& e) {
      return e.lock == lock && e.state == State::held;
    }));
  }
  return count;
}

unsigned LockLedger::in_transition(LockId lock) const {
  unsigned count = 0;
  for (const Stack& stack : stacks_) {
    if (stack.present[lock] == 0) continue;
    count += static_cast<unsigned>(std::ranges::count_if(stack.entries, [&](const LockEntry& e) {
      return e.lock == lock && e.state != State::held;
    }));
  }
  return count;
}

std::size_t LockLedger::below_top(StackId own, LockId lock) const {
  const std::vector<LockEntry>& entries = stacks_[own].entries;
  for (std::size_t i = 0; i + 1 < entries.size(); ++i) {
    if (entries[i].lock == lock) return i;
  }
  return entries.size();
}

bool LockLedger::was_on(StackId id, LockId lock, std::uint64_t since) const {
  return stacks_[id].present[lock] != 0 || stacks_[id].left[lock] > since;
}

bool LockLedger::was_elsewhere(StackId own, LockId lock, std::uint64_t since) const {
  for (StackId id = 0; id < kMostStacks; ++id) {
    if (id != own && was_on(id, lock, since)) return true;
  }
  return false;
}

bool LockLedger::may_be_in_cycle(StackId own) const {
  const std::vector<LockEntry>& entries = stacks_[own].entries;
  const LockEntry& wanted = entries.back();
  for (StackId id = 0; id < kMostStacks; ++id) {
    if (id == own || !was_on(id, wanted.lock, wanted.begun)) continue;
    for (std::size_t i = 0; i + 1 < entries.size(); ++i) {
      const LockId mine = entries[i].lock;
      if (mine != wanted.lock && was_on(id, mine, wanted.begun)) return true;
    }
  }
  return false;
}

std::uint64_t LockLedger::interruptions_of_others(StackId own) const {
  std::uint64_t sum = 0;
  for (StackId id = 0; id < kMostStacks; ++id) {
    if (id != own) sum += stacks_[id].interruptions;
  }
  return sum;
}

bool LockLedger::others_were_interrupted(StackId own, const LockEntry& since) const {
  if (interruptions_of_others(own) != since.interruptions) return true;
  for (StackId id = 0; id < kMostStacks; ++id) {
    if (id != own && stacks_[id].depth > 1) return true;
  }
  return false;
}

}  // namespace anyctx::model
