// Small scope: every short program over a target's small alphabet.
#pragma once

#include <string>
#include <vector>

#include "fuzzers/engine/target.h"

namespace anyctx::sweep {

struct Subject {
  const engine::Target* target = nullptr;
  program::Program program;
  std::string name;  // a path; for people
};

/// Every program of one to `length` operations of the target's alphabet: all in one task, or the
/// last ones in a second task. Where an operation takes a result, there is one program for each
/// earlier result that nothing took before. Empty if the target has no alphabet.
std::vector<Subject> small_scope(const engine::Target& target, unsigned length);

}  // namespace anyctx::sweep
