// Program: one input. Machine parameters, operations per lane, decisions.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "fuzzers/ops/schema.h"
#include "inject/choice/decision.h"

namespace anyctx::program {

inline constexpr unsigned kMaxParams = 32;
inline constexpr unsigned kMaxTasks = 4;
inline constexpr unsigned kMaxHandlersPerKind = 3;
inline constexpr unsigned kMaxOpsPerLane = 64;
inline constexpr unsigned kMaxDecisions = 64;
inline constexpr unsigned kMaxWalkBytes = 4096;

/// One call. `code` indexes Schema::ops; `args` beyond the operation's own are zero.
struct Op {
  std::uint8_t code = 0;
  std::uint8_t result = 0;  // slot, if the operation has a result
  std::array<std::uint32_t, kMaxArgs> args{};
  friend bool operator==(const Op&, const Op&) = default;
};

struct LaneOps {
  inject::Lane lane;
  std::vector<Op> ops;
  friend bool operator==(const LaneOps&, const LaneOps&) = default;
};

/// Where the decisions come from that are not listed: nowhere, a seeded generator, or bytes.
/// About one point in `rate` asks for one.
struct Walk {
  enum class Source : std::uint8_t { none, seed, bytes };
  Source source = Source::none;
  std::uint32_t rate = 64;          // 1..65535
  std::uint64_t seed = 0;           // source == seed
  std::vector<std::uint8_t> bytes;  // source == bytes; at the end, no more decisions
  friend bool operator==(const Walk&, const Walk&) = default;
};

/// A normal program is what decoding yields: every number within its schema's bounds, lanes in
/// ascending order without duplicates, at least one task, only legal operations in each lane.
struct Program {
  std::array<std::uint32_t, kMaxParams> params{};  // by index in Schema::params
  std::vector<LaneOps> lanes;
  inject::Decisions decisions;  // in the order in which they are tried at equal points
  Walk walk;
  friend bool operator==(const Program&, const Program&) = default;
};

}  // namespace anyctx::program
