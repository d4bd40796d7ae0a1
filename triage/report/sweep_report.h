// Sweep report: what a sweep visited, what it did not and why, and what it found.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "triage/report/sweep_result.h"

namespace anyctx::triage {

struct SweepTime {
  double seconds = 0;
  bool over = false;  // the time given was not enough
};

/// As text. `replay` is what a replay line begins with: "./anyctx replay".
std::string sweep_text(const SweepResult& result, const SweepTime& time, const std::string& replay);

nlohmann::json sweep_json(const SweepResult& result, const SweepTime& time,
                          const std::string& replay);

}  // namespace anyctx::triage
