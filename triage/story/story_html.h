// Story as HTML: columns per vCPU, nesting levels indented, injected decisions marked, the two
// states side by side. For one page, or as part of a report.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace anyctx::triage {

/// The table of steps of what `anyctx-run story` prints. Rows are named `prefix`step1, ...
std::string steps_html(const nlohmann::json& story, std::string_view prefix);

/// What was expected and found, why, and where. Empty without a verdict.
std::string verdict_html(const nlohmann::json& story);

/// The stacks of decisions and of the verdict in the sources under test. Empty without any.
std::string stacks_html(const nlohmann::json& story);

/// A self-contained page. `replay` is the command that shows it again, `report` what a sanitizer
/// said, if it ended the run.
std::string story_page(const nlohmann::json& story, const std::string& replay,
                       const std::string& report);

/// What makes tables of steps easy to walk through with the keyboard.
std::string_view steps_script();

}  // namespace anyctx::triage
