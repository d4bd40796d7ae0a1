// Generate: a random program from scratch.
#pragma once

#include "fuzzers/ops/program.h"
#include "inject/choice/rng.h"

namespace anyctx::program {

/// A normal program. The same generator state gives the same program.
Program generate(const Schema& schema, inject::Rng& rng);

}  // namespace anyctx::program
