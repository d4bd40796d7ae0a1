// ArenaScript: what happened to an arena, as calls that a program and a process of a real kernel
// can make, one after the other. Or what of it they cannot.
#pragma once

#include <string>
#include <vector>

#include "triage/export/scenario.h"

namespace anyctx::triage {

struct ArenaCall {
  enum class Kind { allocate, release, reserve, touch, settle };
  Kind kind = Kind::allocate;
  bool sleepable = true;
  bool starved = false;  // the arena gets no memory meanwhile
  bool write = false;
  std::string slot;  // where, as an expression in C: "ANYWHERE", "3", "a + 1"
  std::uint32_t count = 1;
  std::string memory;  // the variable that the place is in; empty: it is in none
  std::string result;  // the variable that gets the first slot; empty: none
  std::string text;    // of the step
};

struct ArenaScript {
  enum class Base { zero, top, middle };
  unsigned entries = 0;
  unsigned mapped = 0;  // slots that the process maps
  Base base = Base::zero;
  bool placed = true;  // at creation
  bool segv = false;   // the process gets no pages of its own accord
  std::vector<ArenaCall> calls;
  std::vector<std::string> reasons;  // each once; if there is one, the calls mean nothing

  bool has(ArenaCall::Kind kind) const;
  bool has(ArenaCall::Kind kind, bool sleepable) const;
  bool is_starved() const;
  bool is_starved(ArenaCall::Kind kind) const;  // in a call of this kind
};

/// `scenario` is one of the target `arena`.
ArenaScript arena_script(const Scenario& scenario);

}  // namespace anyctx::triage
