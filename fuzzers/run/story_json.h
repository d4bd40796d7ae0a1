// Story as JSON: one run of a program, step by step, for pages, traces and reports. Printed also if
// a sanitizer ends the process in the middle, as far as the run came.
//
//   {"target", "digest", "program", "verdict", "meaning", "cpus", "steps": [{"n", "kind", "cpu",
//    "depth", "context", "lane", "where", "point", "occurrence", "value", "text"}],
//    "stacks": [{"what", "places": [{"file", "line", "function"}]}]}
//
// "n" numbers the steps of the text form; locks taken and released have none. Stacks: of
// decisions and the verdict, where the sources under test say so (kernel subjects).
#pragma once

#include <span>
#include <string>

#include "fuzzers/engine/target.h"

namespace anyctx::run {

struct StoryOptions {
  std::string file;
  std::string raw_target;  // see load_program()
};

/// Returns the exit code: 77 with a verdict. Throws SetupError.
int print_story(std::span<const engine::Target> targets, const StoryOptions& options);

}  // namespace anyctx::run
