// Recording: writes down the program that is running, also when a run does not come to its end.
#pragma once

#include <functional>
#include <string>

#include "fuzzers/engine/runner.h"

namespace anyctx::engine {

/// The text of a runner's last program, with every decision that was taken, and the verdict as
/// comments.
std::string recorded_text(const Runner& runner, const RunResult& result);

/// While it lives: if a sanitizer, a failed CHECK or a bad access ends the process, `will` is done
/// first. At most one at a time.
class LastWill {
 public:
  explicit LastWill(std::function<void()> will);
  /// Saves the program that `runner` runs to `path`. The decisions up to the end are all that is
  /// needed to get there again.
  LastWill(const Runner& runner, const std::string& path);
  ~LastWill();
  LastWill(const LastWill&) = delete;
  LastWill& operator=(const LastWill&) = delete;
};

}  // namespace anyctx::engine
