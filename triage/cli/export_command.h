// The command `anyctx export`: a finding as a test, and as a program of the corpus.
#pragma once

#include <string>

#include "triage/cli/installation.h"

namespace anyctx::triage {

struct ExportOptions {
  std::string file;
  std::string form;       // see triage/export/regression.h
  std::string output;     // empty: in the clone's tests/regress; of a kernel's, in work/export
  std::string name;       // empty: kind and hash
  std::string target;     // of a file without a header
  std::string sanitizer;  // empty: the plain build, or address where that shows nothing
  std::string time = "60s";
};

/// Writes the test, and the minimized program with its story to corpus/TARGET/regress (if the test
/// belongs in a kernel, to work/export). Neither takes the place of a file that is there. Returns
/// the exit code; throws SetupError, also if the form cannot express what happened: then nothing is
/// written.
int export_test(const Installation& installation, const ExportOptions& options);

}  // namespace anyctx::triage
