// Campaign report: what a campaign found, and how much its silence is worth.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "triage/signature/signature.h"

namespace anyctx::triage {

struct Finding {
  Signature signature;
  std::string name;    // "overlap-1a2b3c4d"
  std::string story;   // one screen
  std::string file;    // the program that shows it
  std::string replay;  // the command that shows it
  double seconds = 0;  // after which it was found first
  unsigned times = 1;  // how often
};

struct TargetReport {
  std::string target;
  double seconds = 0;
  unsigned coverage = 0;     // edges
  unsigned corpus = 0;       // inputs
  nlohmann::json exercised;  // as anyctx-run prints it: executions, operations, points, ...
  std::string remark;        // why it ended early; empty if it did not
  std::vector<Finding> findings;
};

struct CampaignReport {
  double seconds = 0;
  std::uint32_t seed = 0;
  std::string sanitizer;
  unsigned jobs = 1;
  bool interrupted = false;
  std::vector<TargetReport> targets;
};

/// Of counts by context, as statistics of points have them.
std::uint64_t sum(const nlohmann::json& counts);

/// Why the silence about this target is worth nothing; empty if it is worth something, or if there
/// is no silence.
std::string proved_nothing(const TargetReport& report);

/// 77 if there are findings (70 if all of them are timeouts), 2 if some target proved nothing, else
/// 0.
int exit_code(const CampaignReport& report);

/// For people.
std::string to_text(const CampaignReport& report);

/// For machines: the same and more.
nlohmann::json to_json(const CampaignReport& report);

}  // namespace anyctx::triage
