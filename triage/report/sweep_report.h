// Sweep report: what a sweep visited, what it did not and why, and what it found.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "triage/report/sweep_result.h"

namespace anyctx::triage {

/// As text. `replay` is what a replay line begins with: "./anyctx replay".
std::string sweep_text(const SweepResult& result, double seconds, const std::string& replay);

nlohmann::json sweep_json(const SweepResult& result, double seconds, const std::string& replay);

}  // namespace anyctx::triage
