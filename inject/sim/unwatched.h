// Unwatched: code that ThreadSanitizer shall not judge.
//
// Under TSan, tasks and interrupts of the simulation count as threads. The state of the simulation
// itself, and of models, is shared by all of them without synchronisation: rightly so, as there is
// one OS thread. Code that touches it runs unwatched; the code under test runs watched.
#pragma once

#include "lib/machine/raw.h"

// For inline functions on the path of every point: not instrumented, and not inlined into code
// that is. Without TSan it is nothing.
#ifdef ANYCTX_TSAN
#define ANYCTX_UNWATCHED __attribute__((disable_sanitizer_instrumentation, noinline))
#else
#define ANYCTX_UNWATCHED
#endif

namespace anyctx::inject {

/// While it lives, TSan ignores the memory accesses of the current fiber (or thread). Nests. Does
/// not extend to interrupts that are entered meanwhile: they are fibers of their own.
class Unwatched {
 public:
#ifdef ANYCTX_TSAN
  Unwatched() {
    begin();
  }
  ~Unwatched() {
    end();
  }

 private:
  static void begin();
  static void end();
#else
  Unwatched() {}  // not trivial, so that a variable of this type is never "unused"
#endif
};

/// While it lives, the current fiber is watched, although an outer scope is unwatched.
class Watched {
 public:
#ifdef ANYCTX_TSAN
  Watched();
  ~Watched();

 private:
  unsigned depth_;
#else
  Watched() {}
#endif
};

}  // namespace anyctx::inject
