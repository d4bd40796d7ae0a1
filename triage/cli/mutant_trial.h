// Mutant trial: one search for a planted bug, by the commands that people type.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "triage/cli/installation.h"
#include "triage/report/mutant_report.h"

namespace anyctx::triage {

/// What `mutants --engine` takes.
///   libfuzzer   fuzz
///   afl         fuzz --engine afl
///   ops         fuzz --no-decisions
///   random      fuzz --no-feedback
///   sweep       sweep, all single decisions, of the target's corpus
///   pct         sweep --pct 3, of the target's corpus
///   instructions  sweep --instructions
const std::vector<std::string>& mutant_engines();

struct MutantPlan {
  std::string engine;
  std::string target;
  std::vector<std::string> ignored = {};  // kinds of verdicts; libfuzzer
  std::chrono::seconds time{60};
  std::uint64_t seed = 1;
  std::filesystem::path clone;   // with the bug built in
  std::filesystem::path folder;  // of this trial's own files; emptied first
};

/// Whether a second trial with another seed does something else.
bool depends_on_seed(std::string_view engine);

/// Empty if somebody interrupted it. Throws SetupError.
std::optional<MutantTrial> try_mutant(const MutantPlan& plan);

}  // namespace anyctx::triage
