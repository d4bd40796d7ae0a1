#include "fuzzers/ops/swarm.h"

#include <algorithm>

namespace anyctx::program {
namespace {

/// By ActionKind. Failures and nested contexts find most bugs; a stalled or migrated task hides
/// more than it shows.
constexpr std::array<std::uint32_t, inject::kActionKinds> kActionWeights = {8, 2, 8, 6, 1, 1, 2};

/// One in three does not exist, one in three is common.
std::uint32_t redraw(std::uint32_t weight, inject::Rng& rng) {
  constexpr std::uint32_t factors[] = {0, 1, 4};
  return weight * factors[rng.below(3)];
}

template <class Weights>
void redraw_all(Weights& weights, inject::Rng& rng) {
  const Weights all = weights;
  for (auto& weight : weights) weight = redraw(weight, rng);
  const bool none = std::all_of(weights.begin(), weights.end(), [](auto w) { return w == 0; });
  if (none) weights = all;
}

}  // namespace

Swarm Swarm::everything(const Schema& schema) {
  Swarm swarm;
  for (const OpSpec& spec : schema.ops) swarm.ops.push_back(spec.weight);
  swarm.actions = kActionWeights;
  swarm.params = ~0u;
  return swarm;
}

Swarm Swarm::draw(const Schema& schema, inject::Rng& rng) {
  Swarm swarm = everything(schema);
  redraw_all(swarm.ops, rng);
  redraw_all(swarm.actions, rng);
  // Three of four parameters keep their default: most bugs need few of them, in combination.
  swarm.params = static_cast<std::uint32_t>(rng.next() & rng.next());
  return swarm;
}

}  // namespace anyctx::program
