// The boundary between the user's kernel sources and everything else.
//
// The kernel's sources are compiled as they are; the compiler calls us before each of their
// accesses to memory (accesses.cpp). Only what they do while they are under test is a decision
// point: not what oracles read through the same functions. So whoever calls into them is in the
// scope of a KernelCode, and whoever is called by them in that of a KernelLeft.
//
// Control changes between tasks only outside, so there is one state, not one for each task.
#pragma once

namespace anyctx::inject {

class KernelBoundary {
 public:
  KernelBoundary(const KernelBoundary&) = delete;
  KernelBoundary& operator=(const KernelBoundary&) = delete;

  /// Whether code of the kernel runs that is under test.
  static bool is_inside() { return inside_; }

 protected:
  explicit KernelBoundary(bool inside) : before_(inside_) { inside_ = inside; }
  ~KernelBoundary() { inside_ = before_; }

 private:
  // A verdict abandons scopes, but always outside.
  static thread_local constinit bool inside_;
  bool before_;
};

/// While it lives, accesses of kernel sources are decision points.
class KernelCode : KernelBoundary {
 public:
  KernelCode() : KernelBoundary(true) {}
};

/// While it lives, they are not: what kernel sources have called.
class KernelLeft : KernelBoundary {
 public:
  KernelLeft() : KernelBoundary(false) {}
};

}  // namespace anyctx::inject
