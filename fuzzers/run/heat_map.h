// Heat map: what happened at each point of a target, by context and by handler, at one glance.
#pragma once

#include <string>

#include "fuzzers/engine/exercised.h"

namespace anyctx::run {

/// A row for each point. A cell has as many decimal digits as the count: "4" is 1,000 to 9,999. A
/// point stands for never, a blank for what cannot be.
std::string heat_map(const engine::Exercised& exercised);

}  // namespace anyctx::run
