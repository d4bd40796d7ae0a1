// Catalogue: the decision points of a target, with what campaigns did to them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "fuzzers/engine/target.h"

namespace anyctx::run {

struct CatalogueOptions {
  std::vector<std::string> targets;  // empty: all
  std::vector<std::string> stats;    // files that fuzzers wrote, of any target
  bool json = false;
};

/// Prints to standard output. Throws SetupError.
void print_catalogue(std::span<const engine::Target> targets, const CatalogueOptions& options);

}  // namespace anyctx::run
