// Target schema: what the runner says of a target's programs.
#pragma once

#include <memory>
#include <string>

#include "triage/cli/installation.h"
#include "triage/minimize/schema_copy.h"

namespace anyctx::triage {

/// Of the subject's target. Throws SetupError.
std::unique_ptr<SchemaCopy> target_schema(const Installation& installation,
                                          const std::string& target);

}  // namespace anyctx::triage
