// Interference: a handler that gets in an operation's way, and a decision that enters it there.
//
// Handlers and decisions that are drawn apart from each other seldom meet: the handler must work on
// what the operation works on, in the right order, at a point in the middle. This makes all three
// at once, in the few forms that nested code has.
#pragma once

#include "fuzzers/ops/mutation.h"

namespace anyctx::program {

/// Changes the program so that, at some point of some operation, a handler makes the same request:
/// once; twice; once, and gives the result back; or twice, and gives the first result back, which
/// leaves everything as it was found and yet not the same. False if no handler can.
bool interfere(Mutation& m);

}  // namespace anyctx::program
