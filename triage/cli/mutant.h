// Mutant: a bug that can be planted: a patch of tests/mutants, and what its head says about it.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "triage/cli/installation.h"

namespace anyctx::triage {

struct Mutant {
  std::string id;
  std::filesystem::path patch;  // empty: the code as it is
  std::string target;
  std::vector<std::string> expected;  // kinds of findings that prove it
  std::vector<std::string> families;  // of oracles that should notice it; may be empty
  std::string difficulty;             // may be empty
  bool by_instructions = false;       // searched for at each machine instruction

  bool is_planted() const { return !patch.empty(); }
  /// Bugs that take a rare schedule or two faults get more.
  std::chrono::seconds usual_time() const;
};

/// Those whose ids begin with one of the words, each once; "none" stands for the code as it is, in
/// every target. Without words: all that are planted. Throws SetupError for a word that is none.
std::vector<Mutant> choose_mutants(const Installation& installation,
                                   const std::vector<std::string>& words);

}  // namespace anyctx::triage
