// Conversion: programs as a search or a sweep wants them, as files of their own.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "triage/cli/installation.h"

namespace anyctx::triage {

struct Conversion {
  std::string to;                   // "text", "binary"
  std::vector<std::string> params;  // NAME=VALUE, set in all
  bool fitting = false;             // leave out what the subject cannot run
  bool decisions = true;            // keep them
};

/// Empties `folder`, and writes `files` there, converted. Throws SetupError.
void convert_into(const std::filesystem::path& folder, const Installation& installation,
                  const Conversion& conversion, const std::vector<std::string>& files);

}  // namespace anyctx::triage
