// Mutation: the single changes that mutate() is made of.
#pragma once

#include <cstdint>
#include <span>

#include "fuzzers/ops/mutate.h"
#include "fuzzers/ops/swarm.h"

namespace anyctx::program {

/// What a change works on. The program is normal before it; the caller normalizes afterwards.
struct Mutation {
  const Schema& schema;
  const Swarm& swarm;
  const Hints& hints;
  inject::Rng& rng;
  Program& program;
};

/// One kind of change. `apply` returns false, having changed nothing, if there is nothing to
/// change.
struct MutationKind {
  std::uint32_t weight;
  bool (*apply)(Mutation&);
};

std::span<const MutationKind> op_mutations();
std::span<const MutationKind> decision_mutations();
std::span<const MutationKind> machine_mutations();  // parameters, handlers, walk

}  // namespace anyctx::program
