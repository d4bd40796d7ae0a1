// The stream target: text that every context writes and tasks read.
#pragma once

#include "fuzzers/engine/target.h"

namespace anyctx::target {

engine::Target stream_target();

}  // namespace anyctx::target
