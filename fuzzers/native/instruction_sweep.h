// Instruction sweep: each operation of a native scene is interrupted before each of its machine
// instructions, and, on the threads machine, at each of its decision points.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace anyctx::native {

/// One case with one interruption.
struct SweepRow {
  std::string what;
  std::uint64_t instructions = 0;  // each was interrupted
  std::uint64_t points = 0;        // each was interrupted
  struct Finding {
    std::uint64_t place = 0;   // counts from 1; 0: not interrupted at all
    std::uintptr_t where = 0;  // address of the instruction, or the point
    std::string what;
  };
  std::vector<Finding> by_instruction;
  std::vector<Finding> by_point;
};

}  // namespace anyctx::native
