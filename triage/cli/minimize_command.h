// The command `anyctx minimize`.
#pragma once

#include <string>

#include "triage/cli/installation.h"

namespace anyctx::triage {

struct MinimizeOptions {
  std::string file;
  std::string output;
  std::string target;     // of a file without a header
  std::string sanitizer;  // empty: the plain build; AddressSanitizer's, where that shows nothing
  std::string time = "5m";
  std::string timeout = "10s";  // of one run
  bool json = false;
};

/// Returns the exit code. Throws SetupError.
int minimize(const Installation& installation, const MinimizeOptions& options);

}  // namespace anyctx::triage
