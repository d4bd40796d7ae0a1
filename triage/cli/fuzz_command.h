// The command `anyctx fuzz`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "triage/cli/installation.h"

namespace anyctx::triage {

struct FuzzOptions {
  std::vector<std::string> targets;  // empty: all
  std::string time = "60s";          // in total
  std::string engine = "libfuzzer";
  std::string sanitizer = "address";
  unsigned jobs = 1;
  std::optional<std::uint32_t> seed;
  std::vector<std::string> params;  // NAME=VALUE, of all programs
  std::string corpus;               // empty: in `out`
  std::string out;                  // empty: the installation's
  bool no_decisions = false;
  bool no_feedback = false;
  std::vector<std::string> ignored;  // kinds of verdicts
  bool first = false;
  bool json = false;
};

/// Returns the exit code. Throws SetupError.
int fuzz(const Installation& installation, const FuzzOptions& options);

}  // namespace anyctx::triage
