// Sweep command: `anyctx sweep`, exhaustive where a fuzzer is random.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "triage/cli/installation.h"

namespace anyctx::triage {

struct SweepOptions {
  std::vector<std::string> subjects;  // files, or targets: all programs of their corpus
  std::vector<std::string> params;    // NAME=VALUE, of all programs
  bool faults = false;                // none of these three: all
  bool nmi = false;
  bool preempt = false;
  bool freeze = false;
  bool instructions = false;  // of native operations, and nothing else
  unsigned pct = 0;           // not 0: random schedules of this depth, and nothing else
  unsigned schedules = 0;     // not 0: all with so many switches, and nothing else
  bool no_reduction = false;  // with `schedules`: those, too, that are the same as others
  std::uint32_t runs = 1000;  // of each program, with `pct`
  std::uint64_t seed = 1;     // with `pct`
  unsigned depth = 1;
  std::uint64_t budget = 100'000;  // pairs for each program
  unsigned occurrences = 64;
  unsigned scope = 0;           // not 0: programs of up to so many operations, of one target
  bool first = false;           // end with the first finding
  std::string time;             // empty: as long as it takes
  std::string timeout = "60s";  // for a single run
  std::string shard;            // "K/N"; empty: everything
  std::string out;              // empty: a new start in the installation's folder
  std::string sanitizer;
  std::string coverage;  // a folder for reports of what only faults reach; empty: none
  unsigned jobs = 2;
  bool json = false;
};

/// Returns the exit code; throws SetupError.
int sweep(const Installation& installation, const SweepOptions& options);

}  // namespace anyctx::triage
