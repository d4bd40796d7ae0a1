// Verdicts: the closed list of what a run can be found guilty of. Names are stable: reports,
// signatures and golden tests depend on them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "inject/choice/decision.h"
#include "lib/machine/bug.h"
#include "lib/machine/context.h"

namespace anyctx::inject {

enum class VerdictKind : std::uint8_t {
  overlap,            // memory handed out that is in use, or outside what was asked for
  use_after_free,     // freed memory accessed (by a model; ASan reports its own)
  use_after_destroy,  // something of a destroyed object is still reachable or runs
  double_free,
  invalid_free,
  conservation,  // pages or objects lost or duplicated
  refcount,
  counter,     // a counter disagrees with a recount
  structure,   // a list, freelist or tree is malformed
  poison,      // a freed object or a red zone was overwritten
  zero,        // memory asked for zeroed is not
  content,     // bytes of a live object changed
  lock_state,  // a lock, interrupt or preemption state differs at the end of an operation
  deadlock,
  forbidden_action,  // waits, wakes or notifies where that is not allowed
  sleep_in_atomic,
  no_progress,        // an operation took more own steps than its bound
  spurious_failure,   // fails without a cause
  failure_atomicity,  // a failed operation changed something
  error_code,         // a result that the contract does not allow
  placement,          // alignment, node, zone or reserve rule broken
  difference,         // differs from the model's prediction
  stale_translation,  // a CPU or a process goes by a mapping that is gone
  grace_period,       // something ended while readers could reach it
  disagreement,       // another subject, told the same, answers otherwise
};

constexpr std::string_view to_string(VerdictKind kind) {
  constexpr std::string_view names[] = {
      "overlap",
      "use-after-free",
      "use-after-destroy",
      "double-free",
      "invalid-free",
      "conservation",
      "refcount",
      "counter",
      "structure",
      "poison",
      "zero",
      "content",
      "lock-state",
      "deadlock",
      "forbidden-action",
      "sleep-in-atomic",
      "no-progress",
      "spurious-failure",
      "failure-atomicity",
      "error-code",
      "placement",
      "difference",
      "stale-translation",
      "grace-period",
      "disagreement",
  };
  return names[static_cast<unsigned>(kind)];
}

/// The verdict that a bug reported by the code under test amounts to.
constexpr VerdictKind verdict_of(machine::Bug bug) {
  switch (bug) {
    case machine::Bug::double_free:
      return VerdictKind::double_free;
    case machine::Bug::invalid_free:
      return VerdictKind::invalid_free;
    case machine::Bug::freelist_corrupt:
      return VerdictKind::structure;
    case machine::Bug::poison_overwritten:
    case machine::Bug::redzone_overwritten:
      return VerdictKind::poison;
    case machine::Bug::bad_page:
      return VerdictKind::structure;
    case machine::Bug::bad_refcount:
      return VerdictKind::refcount;
    case machine::Bug::cache_in_use:
      return VerdictKind::conservation;
    case machine::Bug::bad_unlock:
      return VerdictKind::lock_state;
    case machine::Bug::bad_context:
      return VerdictKind::forbidden_action;
  }
  return VerdictKind::structure;
}

/// What ended a run. `expected` and `found` are the two states that disagree.
struct Verdict {
  VerdictKind kind = VerdictKind::structure;
  std::string rule;  // one sentence: the rule that was broken
  std::string expected;
  std::string found;
  // Where: filled in by the simulation.
  bool in_op = false;  // false: while setting up or at quiescence
  OpRef where;
  unsigned cpu = 0;
  machine::Context context = machine::Context::task;
  machine::PointId point = 0;  // last point visited
};

}  // namespace anyctx::inject
