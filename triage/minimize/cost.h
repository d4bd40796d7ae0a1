// Cost: how much there is to understand in a program. What a minimizer makes smaller.
#pragma once

#include <array>
#include <cstdint>

#include "fuzzers/ops/program.h"

namespace anyctx::triage {

/// Compared from the first number on: operations and decisions together, lanes, parameters that are
/// not at their default and by how much, decisions (their occurrences, entries, kinds of action),
/// arguments, slots and lane numbers.
using Cost = std::array<std::uint64_t, 7>;

Cost cost_of(const program::Schema& schema, const program::Program& program);

/// How far an argument is from the plainest one of its kind: 0 for the default of an optional one,
/// the first of its usual values, the smallest number, no flags.
std::uint64_t arg_cost(const program::ArgSpec& spec, std::uint32_t value);

/// How many operations a program has, over all lanes.
std::size_t count_ops(const program::Program& program);

}  // namespace anyctx::triage
