// Variations: programs that are as large as another one and differ from it in one thing: a
// parameter that is a choice, the kind of a handler, what a decision does, which operation of the
// same form is called. In what way a bug shows often depends on no more than that.
#pragma once

#include <functional>

#include "fuzzers/ops/program.h"
#include "fuzzers/ops/schema.h"

namespace anyctx::triage {

/// Calls `f` with each of them, in a fixed order, until it returns false.
void for_each_variation(const program::Schema& schema, const program::Program& program,
                        const std::function<bool(const program::Program&)>& f);

}  // namespace anyctx::triage
