// libFuzzer glue: the entry points that libFuzzer calls. A fuzzer executable defines the function
// below, in a file of its own, and links this.
//
// Arguments for us begin with "--", which libFuzzer ignores:
//   --stats=FILE   keep statistics in FILE, as JSON
//   --without=decisions, --without=feedback, --ignore=KIND   see Without
#pragma once

#include "fuzzers/engine/target.h"

namespace anyctx::engine {

/// What this executable fuzzes.
const Target& fuzzed_target();

}  // namespace anyctx::engine
