// The command `anyctx campaign`: one night after the other in one folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "triage/cli/installation.h"

namespace anyctx::triage {

struct CampaignOptions {
  std::string config;  // see night_plan.h; empty: the defaults
  // What is given here counts more than the file.
  std::string time;
  std::string out;
  std::optional<unsigned> jobs;
  std::optional<std::uint32_t> seed;
  bool known_is_clean = false;
  bool restart = false;  // drop what is left of an unfinished night
  bool needs = false;    // print what must be built, a line "PRESET GOAL.." each, and nothing else
  bool json = false;
};

/// Returns the exit code. Throws SetupError.
int campaign(const Installation& any, const CampaignOptions& options);

}  // namespace anyctx::triage
