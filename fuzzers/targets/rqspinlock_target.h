// The rqspinlock target: resilient queued spinlocks, contended in every context.
#pragma once

#include "fuzzers/engine/target.h"

namespace anyctx::target {

engine::Target rqspinlock_target();

}  // namespace anyctx::target
