// Bug class: the few families that people who work on any-context code think in.
#pragma once

#include <string_view>

namespace anyctx::triage {

/// The family of a finding, by its kind (a verdict's or a sanitizer's) and the rule or condition
/// that goes with it. A stable word: "self-deadlock", "double-hand-out", "lost-capacity", ...;
/// "other" for kinds that this version does not know.
std::string_view bug_class(std::string_view kind, std::string_view rule);

/// One clause that says what the class means.
std::string_view describe_class(std::string_view bug_class);

}  // namespace anyctx::triage
