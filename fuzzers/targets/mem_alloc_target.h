// The mem_alloc target: bpf_mem_alloc under programs in every context, and readers of its objects.
#pragma once

#include "fuzzers/engine/target.h"

namespace anyctx::target {

engine::Target mem_alloc_target();

}  // namespace anyctx::target
