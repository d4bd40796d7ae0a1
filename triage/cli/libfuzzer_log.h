// LibfuzzerLog: what libFuzzer says while it runs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace anyctx::triage {

class LibfuzzerLog {
 public:
  /// One line, without its end.
  void add(std::string_view line);

  unsigned coverage() const { return coverage_; }              // edges
  unsigned corpus() const { return corpus_; }                  // inputs
  const std::string& artifact() const { return artifact_; }    // file it wrote; empty if none
  const std::string& complaint() const { return complaint_; }  // ours: "anyctx: ...", without that
  /// What led to its end: from the first line of a verdict or of a sanitizer's report on.
  const std::string& report() const { return report_; }

 private:
  unsigned coverage_ = 0;
  unsigned corpus_ = 0;
  std::string artifact_;
  std::string complaint_;
  std::string report_;
};

}  // namespace anyctx::triage
