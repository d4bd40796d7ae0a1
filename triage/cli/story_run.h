// Story run: one run of a program with everything that happened, from a process of its own.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "triage/cli/installation.h"

namespace anyctx::triage {

struct StoryRun {
  nlohmann::json document;  // see fuzzers/run/story_json.h
  std::string errors;       // what the process said, if it did not come to its end
};

/// Throws SetupError if there is nothing to tell: no program, or a process that could not even say
/// how far it came.
StoryRun run_story(const Installation& installation, const std::string& sanitizer,
                   const std::string& file, const std::string& raw_target);

}  // namespace anyctx::triage
