// The slab target: kmalloc, kmem_cache and their nolock forms, on pages that run out.
#pragma once

#include "fuzzers/engine/target.h"

namespace anyctx::target {

engine::Target slab_target();

}  // namespace anyctx::target
