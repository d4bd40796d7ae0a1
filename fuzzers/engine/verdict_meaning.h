// Verdict meaning: what each kind of verdict says, in one clause for people.
#pragma once

#include <string_view>

#include "inject/fault/verdict.h"

namespace anyctx::engine {

constexpr std::string_view meaning(inject::VerdictKind kind) {
  constexpr std::string_view clauses[] = {
      "memory was handed out that is in use, or outside what was asked for",
      "freed memory was accessed",
      "something of a destroyed object is still reachable, or runs",
      "something was freed that is free",
      "something was freed that was never handed out",
      "pages or objects are lost, or exist twice",
      "a count of references is not the number of those who refer",
      "a counter is not what a recount says",
      "a list, a freelist or a tree is malformed",
      "a freed object or a red zone was written to",
      "memory that was asked for zeroed is not zero",
      "bytes of a live object changed",
      "a lock, interrupts or preemption are not as they were before the operation",
      "those who wait would wait for ever",
      "it waits, wakes or notifies where that is not allowed",
      "it may sleep where nothing may sleep",
      "it takes more steps of its own than its bound, whatever others do",
      "it failed, and nothing in the run is a reason to fail",
      "a call that failed changed more than its contract says",
      "the contract does not allow this result here",
      "a rule about alignment, node, zone or reserve is broken",
      "the model, told the same calls, comes to another result",
      "a CPU or a process goes by a mapping that is gone",
      "something ended while a reader could still reach it",
      "another subject, told the same calls and decisions, answers otherwise",
  };
  static_assert(std::size(clauses) == static_cast<unsigned>(inject::VerdictKind::disagreement) + 1);
  return clauses[static_cast<unsigned>(kind)];
}

}  // namespace anyctx::engine
