// Mutant examination: what is asked about a planted bug after the search: does the finding replay,
// how small does it become; and if nothing was found, was what is changed reached at all?
#pragma once

#include <filesystem>
#include <string>

#include "triage/cli/installation.h"
#include "triage/report/mutant_report.h"

namespace anyctx::triage {

/// Replays a program that shows the bug and makes it small. `clone` has the bug built in, under
/// `sanitizer`. Throws SetupError.
MutantSmallest examine_finding(const Installation& clone, const std::string& sanitizer,
                               const std::string& file, unsigned replays);

/// Runs inputs that a search kept with the bug and without it: they differ if what is changed
/// matters to them, even if no oracle says so.
MutantReach measure_reach(const Installation& clone, const Installation& unchanged,
                          const std::string& sanitizer, const std::string& target,
                          const std::filesystem::path& inputs);

}  // namespace anyctx::triage
