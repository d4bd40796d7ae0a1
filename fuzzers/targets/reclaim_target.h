// The reclaim target: things that readers find without a lock, and that go after a grace period.
#pragma once

#include "fuzzers/engine/target.h"

namespace anyctx::target {

engine::Target reclaim_target();

}  // namespace anyctx::target
