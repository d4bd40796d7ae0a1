// The range_tree target: a set of numbers under a lock, whose nodes may not be had.
#pragma once

#include "fuzzers/engine/target.h"

namespace anyctx::target {

engine::Target range_tree_target();

}  // namespace anyctx::target
