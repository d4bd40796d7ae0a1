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
  std::string feedback = "state";   // or "code", or "none"
  std::vector<std::string> params;  // NAME=VALUE, of all programs
  std::string corpus;               // empty: in `out`
  std::string out;                  // empty: the installation's
  bool no_decisions = false;
  std::vector<std::string> ignored;  // kinds of verdicts
  bool first = false;
  bool strict = false;        // kernel sources are judged by our contract
  bool differential = false;  // their answers are compared with ours
  bool json = false;
};

/// Returns the exit code. Throws SetupError.
int fuzz(const Installation& installation, const FuzzOptions& options);

}  // namespace anyctx::triage
