// Mutate: small random changes of programs, for an engine's custom mutator and crossover.
//
// All of it is pure: the same program, generator state and hints give the same result, with every
// compiler.
#pragma once

#include <cstdint>
#include <span>

#include "fuzzers/ops/program.h"
#include "inject/choice/rng.h"

namespace anyctx::program {

/// A point that the last run of a program visited `count` times in one operation.
struct VisitedPoint {
  inject::OpRef where;
  machine::PointId point = 0;
  std::uint32_t count = 1;
};

/// What is known about the program besides itself. Stale hints do no harm.
struct Hints {
  std::span<const VisitedPoint> visited = {};  // new decisions are mostly placed here
};

/// A normal program, one to four small changes away from `program`, which must be normal.
Program mutate(const Schema& schema, const Program& program, inject::Rng& rng,
               const Hints& hints = {});

/// A normal program made of parts of both, which must be normal.
Program crossover(const Schema& schema, const Program& first, const Program& second,
                  inject::Rng& rng);

}  // namespace anyctx::program
