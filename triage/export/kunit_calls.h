// KUnit calls: runs that are nothing but calls of one task, one after the other. A kernel makes
// them again; what was decided within a call, it does not.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "triage/export/scenario.h"

namespace anyctx::triage {

/// What of a run is more than that, step by step; empty: nothing.
std::vector<std::string> obstacles(const Scenario& scenario);

/// Why a test that checks these rules passes all the same; empty: it does not, or a sanitizer sees.
std::string blindness(const Scenario& scenario, std::span<const std::string_view> rules);

/// An operation that had nothing to act on: nothing was called.
bool did_nothing(const ScenarioStep& step);

}  // namespace anyctx::triage
