// The instruction sweep of the arena and all that is below it.
#pragma once

#include "fuzzers/native/instruction_sweep.h"

namespace anyctx::native {

/// CHECKs inject::can_single_step().
void sweep_arena(const SweepDone& done);

}  // namespace anyctx::native
