// Registry: the targets there are. The one list that the tool, tests and benchmarks go by.
#pragma once

#include <span>
#include <string_view>

#include "fuzzers/engine/target.h"

namespace anyctx::target {

/// In the order of their schema ids. Valid for ever.
std::span<const engine::Target> all_targets();

/// The target of this name; null if there is none.
const engine::Target* find_target(std::string_view name);

}  // namespace anyctx::target
