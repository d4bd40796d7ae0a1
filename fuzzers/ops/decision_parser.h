// Decision parser: "task0.2 slab.list_lock.trylock#1: fail sticky", behind the word "at".
#pragma once

#include "fuzzers/ops/line_cursor.h"
#include "fuzzers/ops/program.h"

namespace anyctx::program {

/// A decision that is read but not compared with the program yet: lanes may follow in the text.
struct ReadDecision {
  inject::Decision decision;
  unsigned line = 0;
  unsigned place_column = 0;
  unsigned action_column = 0;
};

/// Reads up to the end of the line. False: see the error of the cursor.
bool parse_decision(const Schema& schema, LineCursor& line, ReadDecision& read);

/// Reads a lane, "task0".
bool parse_lane(LineCursor& line, inject::Lane& lane);

}  // namespace anyctx::program
