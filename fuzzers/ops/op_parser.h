// Op parser: one operation, "a = kmalloc_nolock(96, zero|account, node=1)".
#pragma once

#include "fuzzers/ops/line_cursor.h"
#include "fuzzers/ops/program.h"

namespace anyctx::program {

/// Reads an operation for a lane of kind `kind`, up to the end of the line. False: see the error of
/// the cursor.
bool parse_op(const Schema& schema, inject::LaneKind kind, LineCursor& line, Op& op);

}  // namespace anyctx::program
