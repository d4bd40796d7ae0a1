// Workers that sleep.
//
// In the kernel another worker of the CPU goes on with the work while one sleeps. Here the work
// nests in the worker that waits.
#pragma once

#include "inject/sim/task.h"

namespace anyctx::inject {

/// Whether this worker, if it waits, can do other work of its CPU. There is room left for what
/// interrupts that.
inline bool may_serve_asleep(SimTask& task) {
  constexpr unsigned kMostDepth = SimTask::kMaxDepth / 2;
  return task.lane.kind == LaneKind::worker && task.preemptible() && task.depth < kMostDepth;
}

}  // namespace anyctx::inject
