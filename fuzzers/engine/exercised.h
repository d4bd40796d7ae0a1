// Exercised: what runs of a target exercised; in memory, and as JSON that several processes write
// and one adds up.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "fuzzers/engine/runner.h"

namespace anyctx::engine {

using ByContext = std::array<std::uint64_t, inject::kContexts>;
using ByLaneKind = std::array<std::uint64_t, inject::kLaneKinds>;

struct PointUse {
  machine::PointId point = 0;
  ByContext reached{};
  ByContext injected{};  // failed by decision
  ByContext failed{};    // failed because the condition held
  ByLaneKind entered{};  // left for a handler of the kind
};

struct Exercised {
  /// Nothing yet; knows every point that the schema lists.
  explicit Exercised(const program::Schema& schema);

  const program::Schema& schema;
  std::uint64_t executions = 0;  // inputs that an engine asked for
  std::uint64_t runs = 0;        // executions, and runs for another reason
  std::uint64_t visits = 0;      // of decision points
  std::uint64_t ignored = 0;     // decisions that were not legal where they applied
  std::uint64_t reentries = 0;
  ByContext ops_by_context{};
  std::array<std::uint64_t, inject::kActionKinds> decisions{};
  std::vector<OpMix::Count> ops;  // by code
  CompareCount compared;          // with another subject
  std::vector<PointUse> points;   // listed ones first; then others that were reached all the same
};

/// Adds what a runner did since it was made, or began to count anew.
void add(Exercised& total, Runner& runner);

nlohmann::json to_json(const Exercised& exercised);

/// Adds what to_json() wrote, maybe in another build of the same target. Returns one line that says
/// what is wrong with it; empty if nothing is.
std::string add_json(Exercised& total, const nlohmann::json& json);

std::uint64_t sum(const ByContext& counts);

}  // namespace anyctx::engine
