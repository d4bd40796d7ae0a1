// The page target: programs for a page allocator.
#pragma once

#include "fuzzers/engine/target.h"

namespace anyctx::target {

engine::Target page_target();

}  // namespace anyctx::target
