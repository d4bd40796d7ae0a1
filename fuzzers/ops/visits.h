// Visits: where the last run of a program was, as places for decisions.
#pragma once

#include <optional>

#include "fuzzers/ops/mutation.h"

namespace anyctx::program {

/// A place that the last run came to, in an operation that is still there; its action is not
/// chosen. None if nothing is known, or nothing that fits the program.
///
/// Half of the time every point that was visited is as likely as any other: those that few
/// operations come to are where few have looked.
std::optional<inject::Decision> choose_visit(Mutation& m);

/// The same in the operation of a decision: a step to another of its points.
std::optional<inject::Decision> choose_visit_beside(Mutation& m, const inject::Decision& decision);

}  // namespace anyctx::program
