// RqSpinLockSubject: resilient queued spinlocks under test, by the names and results of the
// kernel's API.
//
// Whoever implements it stands for one lock: the one in lib/sync, or the user's kernel sources. The
// target, its model and its oracles know nothing else of it.
#pragma once

#include <cstdint>
#include <memory>

#include "inject/sim/simulation.h"

namespace anyctx::target {

struct RqsOptions {
  bool test_and_set = false;  // no queues, as in a guest whose CPUs are taken away for long
};

/// The word of a lock.
struct RqsWord {
  bool locked = false;
  bool pending = false;
  bool queued = false;
};

/// What oracles may see from the inside. Only reads; nothing is a decision point.
class RqsInspector {
 public:
  virtual ~RqsInspector() = default;
  virtual RqsWord word(unsigned lock) const = 0;
  /// Locks that a CPU holds or attempts.
  virtual unsigned held(unsigned cpu) const = 0;
  /// Places in queues that a CPU uses.
  virtual unsigned queue_nodes(unsigned cpu) const = 0;
};

/// What a subject promises.
struct RqsStrictness {
  bool names_causes = true;            // it tells the machine why it fails
  bool unlocks_are_checked = true;     // an unlock of what is not the CPU's last lock is reported
  bool nested_waiters_give_up = true;  // an NMI does not wait over code that queues
};

class RqSpinLockSubject {
 public:
  virtual ~RqSpinLockSubject() = default;

  /// Starts over with kRqsLocks locks that nobody has.
  virtual void reset(const RqsOptions& options) = 0;
  virtual const RqsInspector& inspector() const = 0;
  /// After reset().
  virtual RqsStrictness strictness() const { return {}; }

  virtual int raw_res_spin_lock(unsigned lock) = 0;
  virtual void raw_res_spin_unlock(unsigned lock) = 0;
  virtual int raw_res_spin_lock_irqsave(unsigned lock, machine::IrqState& flags) = 0;
  virtual void raw_res_spin_unlock_irqrestore(unsigned lock, machine::IrqState flags) = 0;
};

/// The locks in lib/sync.
std::unique_ptr<RqSpinLockSubject> make_own_rqspinlock_subject();

}  // namespace anyctx::target
