// The command `anyctx mutants`: the yardstick. Plants bugs, one at a time, and searches for them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "triage/cli/installation.h"

namespace anyctx::triage {

struct MutantsOptions {
  std::vector<std::string> ids;  // beginnings of them; empty: all
  std::vector<std::string> engines = {"libfuzzer"};
  std::string time;  // of a trial; empty: as difficult as the bug is said to be
  unsigned trials = 1;
  std::uint64_t seed = 1;  // of the first trial
  unsigned replays = 100;
  bool further = false;  // past a first verdict of another family than the bug is known for
  std::string out;       // results are kept here, and not searched for again; empty: work/mutants
  std::string html;      // a file
  bool json = false;
};

/// Returns the exit code: 0 if everything is as it should be. Throws SetupError.
int mutants(const Installation& installation, const MutantsOptions& options);

}  // namespace anyctx::triage
