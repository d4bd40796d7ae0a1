// Night findings: the programs that show bugs, over all nights of a campaign, and what triage makes
// of them. One pile for each sanitizer: not every build sees every bug.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "triage/cli/installation.h"
#include "triage/cli/progress.h"
#include "triage/report/triage_report.h"

namespace anyctx::triage {

class NightFindings {
 public:
  /// Keeps piles in `folder`/findings, reports in `folder`/triage.
  NightFindings(const Installation& installation, std::filesystem::path folder,
                std::vector<std::string> sanitizers);

  /// Where programs that a build with this sanitizer shows go.
  std::filesystem::path pile(const std::string& sanitizer) const;

  /// A program came to a pile. `key` is its signature, `file` its name there: of those with one
  /// signature only some are kept.
  void added(const std::string& sanitizer, const std::string& key, const std::string& file);

  /// Looks at piles that have grown, or at all of them: minimizes what is new and writes reports.
  void sort(Progress& progress, bool all, std::chrono::seconds time);

  /// By sanitizer; after sort() of all.
  const std::map<std::string, TriageReport>& reports() const { return reports_; }

 private:
  static constexpr unsigned kKept = 8;  // inputs with one signature

  const Installation& installation_;
  std::filesystem::path folder_;
  std::vector<std::string> sanitizers_;
  std::map<std::string, std::map<std::string, unsigned>> kept_;  // by sanitizer and key
  std::map<std::string, bool> grown_;
  std::map<std::string, TriageReport> reports_;
};

}  // namespace anyctx::triage
