// Schema check: the rules that a schema must keep so that programs in it can be written, read and
// generated. Targets call it from a test, once.
#pragma once

#include <string>

#include "fuzzers/ops/schema.h"

namespace anyctx::program {

/// The first broken rule in one line; empty if the schema is sound.
std::string schema_problem(const Schema& schema);

}  // namespace anyctx::program
