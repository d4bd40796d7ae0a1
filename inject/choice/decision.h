// Decisions: what a recorded run did that was not the default.
//
// A run is a sparse list of decisions, each addressed by the operation it belongs to, the point and
// the occurrence of that point within the operation. Everything not listed takes its default.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "lib/machine/site.h"

namespace anyctx::inject {

/// A lane is one list of operations: a task, or a handler that a context of its kind runs.
enum class LaneKind : std::uint8_t {
  task,     // runs by itself, starting on CPU (index mod cpus)
  nmi,      // entered as an NMI
  irq,      // entered as a hard interrupt, where interrupts are enabled
  softirq,  // entered as a softirq
  reentry,  // entered as a probe program inside an operation, in that operation's context
  work,     // deferred work that ran on CPU `index`: an address for decisions, has no operations
  worker,   // the same for deferred work that may sleep; it runs in a thread, so it can be run
};
inline constexpr unsigned kLaneKinds = 7;
inline constexpr unsigned kMaxLanesPerKind = 8;

struct Lane {
  LaneKind kind = LaneKind::task;
  std::uint8_t index = 0;  // < kMaxLanesPerKind
  friend constexpr auto operator<=>(const Lane&, const Lane&) = default;
};

/// One executed operation. `entry` counts how often the lane was entered before (0 for tasks).
struct OpRef {
  Lane lane;
  std::uint8_t op = 0;
  std::uint16_t entry = 0;
  friend constexpr auto operator<=>(const OpRef&, const OpRef&) = default;
};

enum class ActionKind : std::uint8_t {
  fail,         // the primitive fails this time
  fail_sticky,  // it fails from now on, at this point, until the program ends
  enter,        // run the handler `lane` here, before the primitive
  run,          // continue with task or worker `lane` instead; this one stays runnable
  migrate,      // the task moves to CPU `value` and goes on there when that CPU is free
  stall,        // this CPU stops here until nothing else can run
  delay,        // (irq_work raise) the interrupt comes `value` operations later; 0: only at the end
};
inline constexpr unsigned kActionKinds = 7;

struct Action {
  ActionKind kind = ActionKind::fail;
  Lane lane;               // enter, run
  std::uint8_t value = 0;  // migrate, delay
  friend constexpr auto operator<=>(const Action&, const Action&) = default;
};

/// "At the `occurrence`-th visit (from 1) of `point` in operation `where`: do `action`."
struct Decision {
  OpRef where;
  machine::PointId point = 0;
  std::uint16_t occurrence = 1;
  Action action;
  friend constexpr auto operator<=>(const Decision&, const Decision&) = default;
};

using Decisions = std::vector<Decision>;

}  // namespace anyctx::inject
