// Process report: what AddressSanitizer, ThreadSanitizer, UndefinedBehaviorSanitizer, libFuzzer or
// a failed CHECK printed before a process ended, in one form.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "triage/signature/frame.h"

namespace anyctx::triage {

struct ProcessReport {
  std::string kind = "crash";  // "heap-use-after-free", "data-race", "undefined", "check", ...
  std::string what;            // "READ of size 8", "shift exponent N is too large", the condition
  std::string headline;        // its first line, without addresses and folders
  /// Stacks of the accesses, innermost frame first: one, or two for a race. Frames without symbols
  /// are left out.
  std::vector<std::vector<Frame>> stacks;
  /// The first stack by module and offset, "a+0x1 b+0x2": the same for the same build, symbols or
  /// not. Empty if symbols replaced it.
  std::string offsets;
};

/// True if this line begins a report.
bool is_headline(std::string_view line);

/// Reads everything a process said. Without any headline the kind is "crash".
ProcessReport parse_process_report(std::string_view output);

/// Digits become "N": for text in which numbers vary.
std::string without_numbers(std::string_view text);

/// Where it happened: the innermost frames of the subject, of each stack; of what calls it, if no
/// frame of the subject is there. Two frames say which path it was; more would split one bug.
std::string place_of(const ProcessReport& report);

/// The target that uses memory of its own there, "reclaim", if no frame of the subject is there:
/// which of its accesses meets what it should not is chance. Else empty.
std::string user_of(const ProcessReport& report);

}  // namespace anyctx::triage
