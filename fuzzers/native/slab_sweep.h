// The instruction sweep of the slab allocator and the page allocator below it.
#pragma once

#include "fuzzers/native/instruction_sweep.h"

namespace anyctx::native {

/// CHECKs inject::can_single_step().
void sweep_slab(const SweepDone& done);

}  // namespace anyctx::native
