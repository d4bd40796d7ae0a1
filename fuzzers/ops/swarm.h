// Swarm: which operations, actions and parameters exist in one generated program, and how often.
//
// A program that may contain everything contains a little of everything and rarely much of
// anything. So each generated program first draws what it is made of (Groce et al. 2012, "Swarm
// testing").
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "fuzzers/ops/program.h"
#include "inject/choice/rng.h"

namespace anyctx::program {

struct Swarm {
  std::vector<std::uint32_t> ops;                             // weight by Schema::ops; 0: none
  std::array<std::uint32_t, inject::kActionKinds> actions{};  // weight by ActionKind; 0: none
  std::uint32_t params = 0;  // bit per Schema::params: may differ from its default

  /// Everything exists, with the weights of the schema.
  static Swarm everything(const Schema& schema);
  /// A draw in which at least one operation and one action exist.
  static Swarm draw(const Schema& schema, inject::Rng& rng);
};

/// An index drawn by weight; `weights.size()` if all are 0.
template <class Weights>
std::size_t draw_weighted(const Weights& weights, inject::Rng& rng) {
  std::uint64_t total = 0;
  for (const auto weight : weights) total += weight;
  if (total == 0) return std::size(weights);
  std::uint64_t left = rng.below(static_cast<std::uint32_t>(total));
  std::size_t index = 0;
  for (const auto weight : weights) {
    if (left < weight) return index;
    left -= weight;
    ++index;
  }
  return index;
}

}  // namespace anyctx::program
