// The range_tree target's schema: parameters, operations and sites of its programs.
#pragma once

#include "fuzzers/ops/schema.h"

namespace anyctx::target {

/// Operations, by their index in the schema.
enum class RangeTreeOp : std::uint8_t {
  set,
  clear,
  is_set,
  find,
  find_and_clear,
  comb,
  destroy,
  take_objects,
  take_pages,
  give_back,
};

/// Parameters, by their index in the schema.
enum class RangeTreeParam : std::uint8_t { cpus, rt, smp, cas2, pages, limit, whole };

inline constexpr std::uint32_t kMostRangeTreePages = 256;

extern const program::Schema kRangeTreeSchema;

}  // namespace anyctx::target
