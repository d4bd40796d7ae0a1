// KernelPlaces: where in the kernel's sources the decisions of a run fell, and where it was last.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace anyctx::inject {

/// Of the run on this OS thread. No part of a run depends on it.
class KernelPlaces {
 public:
  /// A run begins.
  static void clear();
  /// An access of the kernel's code, from the instruction before `after`.
  static void visit(const void* after) { last_ = after; }
  /// It is there that the run's decision with this index is taken, or
  static void decide(std::size_t index, const void* after);
  /// was not.
  static void take_back(std::size_t index, const void* after);

  /// One line for each decision that fell in the kernel's sources, and one for the last access:
  /// function, file, line. Empty if there was none. Needs debug information and llvm-symbolizer.
  static std::string describe();

 private:
  struct Place {
    std::size_t decision;
    const void* after;
  };
  static thread_local constinit const void* last_;
  static std::vector<Place>& decided();
};

}  // namespace anyctx::inject
