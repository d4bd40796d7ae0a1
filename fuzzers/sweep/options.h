// Sweep options: what is enumerated.
#pragma once

#include <cstdint>

namespace anyctx::sweep {

struct Options {
  bool faults = true;   // every fault, transient and sticky
  bool nmi = true;      // every handler, as an NMI and as re-entry
  bool preempt = true;  // every switch, migration and delay
  bool freeze = false;  // what runs beside and above stopped code must end within its bound
  unsigned depth = 1;   // decisions at a time: 1 or 2
  std::uint64_t pairs = 100'000;  // for each program, with depth 2
  unsigned occurrences = 64;      // of a point in one operation; 0: all
};

}  // namespace anyctx::sweep
