// Sweep options: what is enumerated.
#pragma once

#include <cstdint>

namespace anyctx::sweep {

inline constexpr unsigned kMaxSwitches = 8;

struct Options {
  bool faults = true;   // every fault, transient and sticky
  bool nmi = true;      // every handler, as an NMI and as re-entry
  bool preempt = true;  // every switch, migration and delay
  bool freeze = false;  // what runs beside and above stopped code must end within its bound
  unsigned depth = 1;   // decisions at a time: 1 or 2
  std::uint64_t pairs = 100'000;  // for each program, with depth 2
  unsigned occurrences = 64;      // of a point in one operation; 0: all
  unsigned switches = 0;          // not 0: schedules of so many, and nothing else
  bool reduce = true;             // schedules: not those that are the same as others
};

}  // namespace anyctx::sweep
