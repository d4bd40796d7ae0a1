// Run command: the command line of anyctx-run, the process that the tool starts to touch targets.
#pragma once

#include <span>

#include "fuzzers/engine/target.h"

namespace anyctx::run {

/// main() of anyctx-run with these targets. Returns the exit code: 0 clean, 77 a bug was found, 70
/// timeout, 2 usage or setup error.
int run_command(int argc, char** argv, std::span<const engine::Target> targets);

}  // namespace anyctx::run
