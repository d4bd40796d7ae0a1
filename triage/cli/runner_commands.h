// Runner commands: `anyctx replay`, `convert` and `points`, done by anyctx-run.
#pragma once

#include <string>
#include <vector>

#include "triage/cli/installation.h"

namespace anyctx::triage {

struct ReplayOptions {
  std::vector<std::string> files;
  unsigned repeat = 1;
  bool trace = false;
  bool json = false;
  std::string raw_target;
  std::string record;
  std::string sanitizer;
  std::string timeout = "60s";
  std::string html;      // one file only: its story as a page
  std::string perfetto;  // likewise, as a trace
};

struct ConvertOptions {
  std::vector<std::string> files;
  std::string output;
  std::string to;
  std::string raw_target;
  std::vector<std::string> params;
};

struct PointsOptions {
  std::vector<std::string> targets;
  std::string out;                // where `anyctx fuzz` kept its files; empty: the installation's
  std::vector<std::string> over;  // programs and folders of them: what these do is counted instead
  std::string raw_target;
  std::string html;
  bool heat = false;
  bool json = false;
};

/// Each returns the exit code and throws SetupError.
int replay(const Installation& installation, const ReplayOptions& options);
int convert(const Installation& installation, const ConvertOptions& options);
int points(const Installation& installation, const PointsOptions& options);

}  // namespace anyctx::triage
