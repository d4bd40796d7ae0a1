// SimTask: a thread of execution of the simulated machine: a fiber and a stack of frames.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "inject/sim/fiber.h"
#include "inject/sim/frame.h"
#include "lib/machine/check.h"

namespace anyctx::inject {

enum class TaskState : std::uint8_t {
  absent,    // not part of this run
  runnable,  // may continue
  stalled,   // by decision, until nothing else can run, or for kLongestStall
  waiting,   // for the lock `waits_for`
  finished,
};

/// Nesting is strictly LIFO: a context that interrupts a task runs on the task's own stack, as a
/// frame above the interrupted one. (With TSan it has a fiber of its own.)
struct SimTask {
  static constexpr std::uint64_t kLongestStall = 10'000'000'000;  // in nanoseconds
  static constexpr unsigned kMaxDepth = 16;
  static constexpr std::size_t kStackBytes = 256 << 10;

  explicit SimTask(Lane own_lane) : fiber(kStackBytes), lane(own_lane) {}

  Frame& top() { return frames[depth - 1]; }
  Frame& push() {
    ANYCTX_CHECK_OP(depth, <, kMaxDepth);
    return frames[depth++];
  }

  bool preemptible() {
    return state.irqs == machine::IrqState::enabled && state.preempt_depth == 0 &&
           top().context == machine::Context::task;
  }

  Fiber fiber;
  Fiber* running = nullptr;  // what executes this task: `fiber`, or with TSan a handler's
  std::array<std::unique_ptr<Fiber>, kMaxDepth> nested_fibers;  // TSan: of calls, by depth

  Lane lane;
  unsigned cpu = 0;
  TaskState run_state = TaskState::absent;
  CpuState state;
  std::uint64_t stalled_since = 0;           // virtual time
  const std::uint32_t* waits_for = nullptr;  // lock word
  machine::PointId waits_at = 0;
  std::uint32_t idle_turns = 0;  // of relax(), since anything else ran
  unsigned depth = 0;
  std::array<Frame, kMaxDepth> frames;
};

}  // namespace anyctx::inject
