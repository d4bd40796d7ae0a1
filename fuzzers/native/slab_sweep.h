// The instruction sweep of the slab allocator and the page allocator below it.
#pragma once

#include "fuzzers/native/instruction_sweep.h"

namespace anyctx::native {

/// Calls back with each row as soon as it is done. CHECKs inject::can_single_step().
void sweep_slab(const std::function<void(const SweepRow&)>& done);

}  // namespace anyctx::native
