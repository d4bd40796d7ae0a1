// Serve: runs one program after the other for a process that asks, until that closes our input.
//
// A request is a line "run SIZE" or "record SIZE" and SIZE bytes, a text or binary program. The
// answer is a line of JSON: {"target", "digest", "verdict"} and, for "record", "recorded": the
// program with all that its walk decided. {"error"} if it is no program. A run that crashes or
// hangs ends this process or is ended from outside; whoever asks sees that, and what was printed.
#pragma once

#include <span>
#include <string>

#include "fuzzers/engine/target.h"

namespace anyctx::run {

struct ServeOptions {
  std::string raw_target;  // see load_program()
  std::string will;        // where "record" leaves the program if the run does not come to its end
};

/// Returns the exit code: 0, or 2 if a request makes no sense.
int serve(std::span<const engine::Target> targets, const ServeOptions& options);

}  // namespace anyctx::run
