// Schedules: runs programs under random schedules with a known chance to hit a bug (PCT).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fuzzers/engine/target.h"

namespace anyctx::run {

struct ScheduleOptions {
  std::vector<std::string> files;
  unsigned depth = 3;         // ordered switches that a bug may need
  std::uint32_t runs = 1000;  // of each file
  std::uint64_t seed = 1;
  std::string save;      // folder for programs that show a bug; empty: the working folder
  unsigned seconds = 0;  // not 0: `runs` of each file, again and again, until the time is over
  bool first = false;    // end with the first finding
  bool json = false;     // a line {"runs": N} now and then; findings as {"kind": .., "file": ..}
};

/// Prints to standard output. Returns the exit code: 77 if a run yields a verdict. Throws
/// SetupError.
int try_schedules(std::span<const engine::Target> targets, const ScheduleOptions& options);

}  // namespace anyctx::run
