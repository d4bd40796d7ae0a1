// The arena target: programs for BPF arenas, with processes that map them.
#pragma once

#include "fuzzers/engine/target.h"

namespace anyctx::target {

engine::Target arena_target();

}  // namespace anyctx::target
