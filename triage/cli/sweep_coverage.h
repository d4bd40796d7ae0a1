// Sweep coverage: which lines of the system under test only faults reach, and which nothing does.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "triage/cli/installation.h"

namespace anyctx::triage {

class SweepCoverage {
 public:
  /// Everything goes into `folder`: profiles, lcov files, HTML, and a list.
  SweepCoverage(const Installation& installation, std::filesystem::path folder);

  /// The runner of the build that counts, whose processes keep their counts apart under this name.
  Command runner(const std::string& name) const;

  /// After the runs of both names: makes the reports and returns the list as text. Throws
  /// SetupError.
  std::string report(const std::string& plain, const std::string& faulty) const;

 private:
  void merge(const std::string& name) const;
  void show(const std::string& name) const;
  std::string lcov(const std::string& name) const;

  const Installation& installation_;
  std::filesystem::path folder_;
};

}  // namespace anyctx::triage
