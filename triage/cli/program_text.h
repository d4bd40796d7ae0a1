// Program text: files of all forms as the text of a program, and findings as text.
#pragma once

#include <string>

#include "triage/cli/installation.h"
#include "triage/cli/judge.h"

namespace anyctx::triage {

/// What `anyctx-run convert` makes of a file. `raw_target`: of files without a header. Throws
/// SetupError with the line that it said.
std::string text_of_file(const Installation& installation, const std::string& file,
                         const std::string& raw_target);

/// The text of a program without the comments before it.
std::string without_comments(const std::string& text);

/// A program with what it shows as a comment: as `replay --record` writes it.
std::string with_finding(const Sight& sight, const std::string& program);

/// The beginning of a report: what happened, and the stack it happened on.
std::string beginning_of_report(const std::string& report);

}  // namespace anyctx::triage
