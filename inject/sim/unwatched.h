// Watched and Unwatched: which code ThreadSanitizer judges.
//
// Under TSan, tasks and the handlers that interrupt them count as threads, so that a race between
// them is a race. The state of the simulation, of the engine and of models is shared by all of them
// without synchronisation: rightly so, as there is one OS thread. Therefore whatever runs inside
// the machine is unwatched, except the code under test. Whoever calls that says so:
//
//     void* OwnSubject::kmalloc_nolock(std::size_t size, page::Gfp flags) {
//       const inject::Watched watched;
//       return allocator_.kmalloc_nolock(size, flags);
//     }
//
// Forgotten, races in that call are not found; around too much, our own state is reported. The
// primitives of the machine are unwatched again by themselves, and deferred work is watched by
// itself. Without TSan all of this is nothing.
#pragma once

#include "lib/machine/raw.h"

// For inline functions on the path of every point, which are too short to switch anything: not
// instrumented, and not inlined into code that is.
#ifdef ANYCTX_TSAN
#define ANYCTX_UNWATCHED __attribute__((disable_sanitizer_instrumentation, noinline))
#else
#define ANYCTX_UNWATCHED
#endif

namespace anyctx::inject {

/// While it lives, TSan checks the memory accesses of the current fiber, or does not. Scopes nest,
/// and need not end: a fiber starts unwatched. A handler that is entered meanwhile is a fiber of
/// its own. Atomic operations order what is before and after them either way.
class WatchScope {
 public:
  WatchScope(const WatchScope&) = delete;
  WatchScope& operator=(const WatchScope&) = delete;

 protected:
#ifdef ANYCTX_TSAN
  explicit WatchScope(bool watched) : before_(set(watched)) {}
  ~WatchScope() {
    set(before_);
  }

 private:
  static bool set(bool watched);  // returns what it was

  bool before_;
#else
  explicit WatchScope(bool) {}
  ~WatchScope() {}  // not trivial, so that a variable of this type is never "unused"
#endif
};

class Watched : WatchScope {
 public:
  Watched() : WatchScope(true) {}
};

class Unwatched : WatchScope {
 public:
  Unwatched() : WatchScope(false) {}
};

}  // namespace anyctx::inject
