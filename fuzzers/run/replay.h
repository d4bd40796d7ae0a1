// Replay: runs programs from files and says what happened.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "fuzzers/engine/target.h"

namespace anyctx::run {

struct ReplayOptions {
  std::vector<std::string> files;
  unsigned repeat = 1;     // runs of each file, which must be identical
  bool trace = false;      // print every point that was passed
  bool json = false;       // one JSON object instead of text
  std::string raw_target;  // see load_program()
  std::string record;      // one file only: the program with its walk's decisions written out
  unsigned timeout = 0;    // seconds per file; 0: no limit
  std::string command = "./anyctx replay";  // what is typed before a file to run it again
};

/// Prints to standard output. Returns the exit code: 77 if a file yields a verdict, or does not
/// yield the same one each time. Throws SetupError.
int replay(std::span<const engine::Target> targets, const ReplayOptions& options);

}  // namespace anyctx::run
