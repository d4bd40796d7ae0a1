// Edit: changes of operations after which every decision still means the operation it meant.
// Decisions of removed operations go with them. For mutation, minimisation and repair.
#pragma once

#include <cstddef>

#include "fuzzers/ops/program.h"

namespace anyctx::program {

/// Inserts before `position` (<= number of operations) of an existing lane.
void insert_op(Program& program, inject::Lane lane, std::size_t position, const Op& op);

/// Removes one operation of an existing lane.
void erase_op(Program& program, inject::Lane lane, std::size_t position);

/// Exchanges two operations of an existing lane.
void swap_ops(Program& program, inject::Lane lane, std::size_t first, std::size_t second);

/// Moves an operation to another existing lane.
void move_op(Program& program, inject::Lane from, std::size_t position, inject::Lane to,
             std::size_t new_position);

/// Removes a lane and every decision in it or about it.
void erase_lane(Program& program, inject::Lane lane);

}  // namespace anyctx::program
