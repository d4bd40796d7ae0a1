// The instruction sweep of the arena and all that is below it.
#pragma once

#include "fuzzers/native/instruction_sweep.h"

namespace anyctx::native {

/// Calls back with each row as soon as it is done. CHECKs inject::can_single_step().
void sweep_arena(const std::function<void(const SweepRow&)>& done);

}  // namespace anyctx::native
