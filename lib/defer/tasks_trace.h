// TasksTrace: SRCU-fast for readers that nest deeply, as programs that trace other programs do.
// Source: Linux 7.3 include/linux/rcupdate_trace.h (RCU Tasks Trace on SRCU-fast).
#pragma once

#include "lib/defer/srcu_fast.h"

namespace anyctx::defer {

/// What a task brings along: how deep it is inside. Used by the task and by what interrupts it.
template <machine::Machine M>
struct TraceReader {
  machine::Atomic<M, std::uint32_t, site::trace_nesting> nesting;

  std::uint32_t load() const { return nesting.load(std::memory_order_relaxed); }
  void store(std::uint32_t depth) { nesting.store(depth, std::memory_order_relaxed); }
};

/// Only the outermost reader of a task is counted. The kernel counts after it has noted that, so
/// that an interrupt between the two is not counted at all, and relies on it being an implicit RCU
/// reader. Here the count comes first, and each frame remembers whether it was the one.
template <machine::Machine M>
class TasksTrace {
 public:
  struct Token {
    unsigned set = 0;
    bool counted = false;
  };

  /// Any number of domains can share `srcu`; readers of one hold up the others.
  explicit TasksTrace(SrcuFast<M>& srcu) : srcu_(srcu) {}

  /// Every context; never waits. In LIFO order on each task.
  Token read_lock(TraceReader<M>& task) {
    Token token;
    const std::uint32_t depth = task.load();
    if (depth == 0) token = {srcu_.read_lock(), true};
    task.store(depth + 1);  // what interrupted it since has put it back
    return token;
  }
  void read_unlock(TraceReader<M>& task, Token token) {
    task.store(task.load() - 1);
    if (token.counted) srcu_.read_unlock(token.set);
  }

  /// Grace periods, callbacks and barriers.
  SrcuFast<M>& grace() { return srcu_; }

 private:
  SrcuFast<M>& srcu_;
};

}  // namespace anyctx::defer
