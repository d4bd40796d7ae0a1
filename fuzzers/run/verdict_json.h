// Verdict and schema as JSON: what the tool knows of targets, which it never links.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "fuzzers/ops/program.h"
#include "inject/fault/verdict.h"

namespace anyctx::run {

/// {"kind", "rule", "expected", "found", "where", "operation", "cpu", "context", "point"}.
nlohmann::json to_json(const program::Schema& schema, const program::Program& program,
                       const inject::Verdict& verdict);

/// Everything in the schema. triage/minimize/schema_copy.h reads it.
nlohmann::json to_json(const program::Schema& schema);

}  // namespace anyctx::run
