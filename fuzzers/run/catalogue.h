// Catalogue: the decision points of a target, with what campaigns or programs did to them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "fuzzers/engine/target.h"

namespace anyctx::run {

struct CatalogueOptions {
  std::vector<std::string> targets;   // empty: all
  std::vector<std::string> stats;     // files that fuzzers wrote, of any target
  std::vector<std::string> programs;  // count what these do, each run once
  std::string raw_target;             // of those without a header
  bool heat = false;                  // a map in place of the list
  bool json = false;
};

/// Prints to standard output. Throws SetupError.
void print_catalogue(std::span<const engine::Target> targets, const CatalogueOptions& options);

}  // namespace anyctx::run
