// KernelStacks: the stacks of a run's decisions and of its verdict, as far as they are the
// kernel's.
#pragma once

#include <vector>

#include "inject/sim/code_stack.h"
#include "inject/sim/onlooker.h"

namespace anyctx::inject {

class KernelStacks final : public Onlooker {
 public:
  /// A run begins.
  void clear();

  void decided(const Fiber& on) override;
  void stopped(const Fiber& on) override;

  /// Those that have a place in the kernel's sources. Where the verdict has none, as oracles look
  /// when a function has returned, there is the last access before it. Needs frame pointers, debug
  /// information, and llvm-symbolizer.
  std::vector<CodeStack> told() const;

  /// An access of the kernel's code, from the instruction before `after`, on this OS thread.
  static void note_access(const void* after) { last_access_ = after; }

 private:
  using Returns = std::vector<const void*>;  // addresses, the innermost first

  std::vector<Returns> decisions_;
  Returns verdict_;
  static thread_local constinit const void* last_access_;
};

}  // namespace anyctx::inject
