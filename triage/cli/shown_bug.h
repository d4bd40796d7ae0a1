// Shown bug: a program that shows a bug, and in which build.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "triage/cli/judge.h"

namespace anyctx::triage {

struct ShownBug {
  std::unique_ptr<Judge> judge;  // of that build
  Sight sight;
};

/// In the build that is asked for; without one, in the plain build, which is fast, unless that with
/// AddressSanitizer sees more. `file` is for errors, `text` the program. Throws SetupError if it
/// shows nothing.
ShownBug find_bug(const Installation& installation, const std::string& sanitizer,
                  std::chrono::milliseconds timeout, const std::string& file,
                  const std::string& text);

/// What is typed to see it.
std::string replay_line(const Judge& judge, const std::string& file);

}  // namespace anyctx::triage
