// Tiny targets: one per way in which a campaign can end, for tests of the tool. Each is found in a
// moment, so that a test takes seconds.
#pragma once

#include <span>

#include "fuzzers/engine/target.h"

namespace anyctx::tiny {

///   clean    operations that fail when told to, and nothing is wrong
///   verdict  an operation that fails in an NMI is a verdict
///   crash    an operation that fails twice reads freed memory: only a sanitizer sees it
///   hang     an operation that fails never ends
///   idle     operations that do nothing
std::span<const engine::Target> targets();

}  // namespace anyctx::tiny
