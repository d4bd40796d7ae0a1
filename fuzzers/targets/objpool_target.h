// The objpool target: objects that change hands in every context, through a ring for each CPU.
#pragma once

#include "fuzzers/engine/target.h"

namespace anyctx::target {

engine::Target objpool_target();

}  // namespace anyctx::target
