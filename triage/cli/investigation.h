// Investigation: what to make of an input that an engine reported: replays it in a process of its
// own, writes the program down with its decisions, and finds the command that shows it again.
#pragma once

#include <filesystem>
#include <string>

#include "triage/cli/installation.h"
#include "triage/report/campaign_report.h"

namespace anyctx::triage {

class Investigation {
 public:
  Investigation(const Installation& installation, std::string target, std::string sanitizer,
                std::filesystem::path findings)
      : installation_(installation),
        target_(std::move(target)),
        sanitizer_(std::move(sanitizer)),
        findings_(std::move(findings)) {}

  /// `artifact` is the input, `report` what the engine's process said. The finding is saved.
  Finding examine(const std::string& artifact, const std::string& report) const;

 private:
  /// What one replay showed.
  struct Sight {
    bool bug = false;
    Signature signature;
    std::string story;
  };

  Sight replay(const std::string& sanitizer, const std::string& file,
               const std::string& record = {}) const;
  void write_down(const std::string& artifact, const std::string& file, const Sight& seen) const;
  std::string replay_line(const std::string& file, const Sight& seen) const;

  const Installation& installation_;
  std::string target_;
  std::string sanitizer_;
  std::filesystem::path findings_;
};

}  // namespace anyctx::triage
