// Recording: writes down the program that is running, also when a run does not come to its end.
#pragma once

#include <string>

#include "fuzzers/engine/runner.h"

namespace anyctx::engine {

/// The text of a runner's last program, with every decision that was taken, and the verdict as
/// comments.
std::string recorded_text(const Runner& runner, const RunResult& result);

/// While it lives: if a sanitizer, a failed CHECK or a bad access ends the process, the program
/// that `runner` runs is saved to `path` first. At most one at a time. The decisions up to the end
/// are all that is needed to get there again.
class LastWill {
 public:
  LastWill(const Runner& runner, const std::string& path);
  ~LastWill();
  LastWill(const LastWill&) = delete;
  LastWill& operator=(const LastWill&) = delete;
};

}  // namespace anyctx::engine
