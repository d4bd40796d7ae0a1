// Convert: programs between text and binary.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "fuzzers/engine/target.h"

namespace anyctx::run {

struct ConvertOptions {
  std::vector<std::string> files;
  std::string output;               // a file; a folder for several files; empty: standard output
  std::string to;                   // "text", "binary" or empty: whichever the file is not
  std::string raw_target;           // see load_program()
  std::vector<std::string> params;  // NAME=VALUE, to change
  bool no_decisions = false;        // drop them
};

/// Throws SetupError. Files in a folder keep their names up to the extension, which becomes .txt
/// or .bin.
void convert(std::span<const engine::Target> targets, const ConvertOptions& options);

}  // namespace anyctx::run
