// The hashtab target: a hash table that every context updates while readers search it.
#pragma once

#include "fuzzers/engine/target.h"

namespace anyctx::target {

engine::Target hashtab_target();

}  // namespace anyctx::target
