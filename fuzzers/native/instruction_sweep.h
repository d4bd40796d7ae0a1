// Instruction sweep: each operation of a native scene is interrupted before each of its machine
// instructions, and, on the threads machine, at each of its decision points.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "inject/threads/trials.h"

namespace anyctx::native {

/// One case with one interruption.
struct SweepRow {
  std::string what;
  std::uint64_t instructions = 0;  // each was interrupted
  std::uint64_t points = 0;        // each was interrupted
  using Finding = inject::Trials::Finding;
  std::vector<Finding> by_instruction;
  std::vector<Finding> by_point;
};

/// Called with each row as soon as it is done.
using SweepDone = std::function<void(const SweepRow&)>;

}  // namespace anyctx::native
