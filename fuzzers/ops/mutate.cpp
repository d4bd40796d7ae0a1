#include "fuzzers/ops/mutate.h"

#include <array>

#include "fuzzers/ops/mutation.h"
#include "fuzzers/ops/normalize.h"

namespace anyctx::program {
namespace {

/// Operations, decisions, and everything else: how often each is changed.
constexpr std::array<std::uint32_t, 3> kGroupWeights = {4, 4, 1};
constexpr unsigned kMostChanges = 4;
constexpr unsigned kMostTries = 16;  // per change: some find nothing to change

bool change(Mutation& m) {
  const std::array groups = {op_mutations(), decision_mutations(), machine_mutations()};
  const std::span<const MutationKind> kinds = groups[draw_weighted(kGroupWeights, m.rng)];
  std::uint32_t total = 0;
  for (const MutationKind& kind : kinds) total += kind.weight;
  std::uint32_t left = m.rng.below(total);
  for (const MutationKind& kind : kinds) {
    if (left < kind.weight) return kind.apply(m);
    left -= kind.weight;
  }
  return false;
}

}  // namespace

Program mutate(const Schema& schema, const Program& program, inject::Rng& rng, const Hints& hints) {
  const Swarm swarm = Swarm::everything(schema);
  Program mutated = program;
  Mutation mutation{schema, swarm, hints, rng, mutated};
  unsigned changes = 1;
  while (changes < kMostChanges && rng.chance(1, 2)) ++changes;
  for (unsigned tries = kMostTries * changes; changes > 0 && tries > 0; --tries) {
    if (change(mutation)) --changes;
    normalize(schema, mutated);
  }
  return mutated;
}

}  // namespace anyctx::program
