// The command `anyctx triage`.
#pragma once

#include <string>

#include "triage/cli/installation.h"
#include "triage/report/triage_report.h"

namespace anyctx::triage {

struct TriageOptions {
  std::string folder;          // with the inputs
  std::string report;          // folder for what comes out; empty: the installation's
  std::string target;          // of files without a header
  std::string sanitizer;       // empty: AddressSanitizer's build if it is there, else the plain one
  unsigned replays = 3;        // of each input
  std::string time = "60s";    // for minimizing each bug, at most
  std::string timeout = "5s";  // of one run
  bool json = false;
};

/// Writes report.txt, .html, .json, .sarif and .junit.xml. Throws SetupError.
void save_triage(const TriageReport& report, const std::filesystem::path& folder);

/// Returns the exit code. Throws SetupError.
int triage(const Installation& installation, const TriageOptions& options);

}  // namespace anyctx::triage
