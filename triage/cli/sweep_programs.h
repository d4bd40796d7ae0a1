// Sweep programs: the files that are swept.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "triage/cli/sweep_command.h"

namespace anyctx::triage {

/// The files that the arguments stand for; of a small scope, the target itself. Programs of a
/// target's corpus that kernel sources cannot run are left out, and parameters set, in copies in
/// `folder`, which may not exist yet. Throws SetupError.
std::vector<std::string> sweep_programs(const Installation& installation,
                                        const SweepOptions& options,
                                        const std::filesystem::path& folder);

}  // namespace anyctx::triage
