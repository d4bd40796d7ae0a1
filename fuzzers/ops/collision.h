// Collision: another task that comes in between, and works on the same things.
//
// As interference.h, for operations that name what they work on (a slot, a key, a page) instead of
// handing results on, and for what handlers may not do: to wait, to destroy, to shrink. Who stands
// still is somebody who has found something; the other one takes it away, waits until it is gone,
// and uses the memory again.
#pragma once

#include "fuzzers/ops/mutation.h"

namespace anyctx::program {

/// Changes the program so that, at some point of some operation of a task, another task runs: one
/// to three operations, the first one with the same arguments where it has the same ones. False if
/// there is no room for it.
bool collide(Mutation& m);

}  // namespace anyctx::program
