// Removals: programs with parts of another one left out.
#pragma once

#include <cstddef>
#include <vector>

#include "fuzzers/ops/program.h"

namespace anyctx::triage {

/// One operation of a program.
struct OpPlace {
  inject::Lane lane;
  std::size_t position = 0;
};

/// All operations, lane by lane.
std::vector<OpPlace> op_places(const program::Program& program);

/// Without operations [begin, end) of op_places().
program::Program without_ops(const program::Program& program, std::size_t begin, std::size_t end);

/// Without one operation, whose decisions go to the one after it, or before it if it is the last.
program::Program without_op_but_decisions(const program::Program& program, const OpPlace& place);

/// Without decisions [begin, end).
program::Program without_decisions(const program::Program& program, std::size_t begin,
                                   std::size_t end);

/// With all operations of a lane behind or before those of another one, which stays.
program::Program with_lanes_merged(const program::Program& program, inject::Lane from,
                                   inject::Lane into, bool behind);

/// With a lane under another number of its kind, which no lane has.
program::Program with_lane_renamed(const program::Program& program, inject::Lane from,
                                   inject::Lane to);

}  // namespace anyctx::triage
