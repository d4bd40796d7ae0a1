// Normalize: makes any program normal (see program.h) by the smallest repair.
#pragma once

#include "fuzzers/ops/program.h"

namespace anyctx::program {

/// Clamps numbers, sorts and merges lanes, drops what cannot be repaired: operations that are
/// illegal in their lane (their decisions with them; later ones follow their operations), handlers
/// without operations, decisions that can never be taken. Adds task0 if there is no task.
/// Idempotent. Leaves normal programs alone.
void normalize(const Schema& schema, Program& program);

/// The program in which everything has its default: one task without operations.
Program empty_program(const Schema& schema);

}  // namespace anyctx::program
