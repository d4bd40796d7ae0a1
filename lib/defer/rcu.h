// Rcu: readers that never sleep, and grace periods that wait for them.
// Source: Linux 7.3 kernel/rcu/tree.c (contract), kernel/rcu/srcutree.c (counting).
//
// The kernel takes a CPU that schedules for one without readers. A library cannot know that, so it
// counts them; handlers are readers only where they say so.
#pragma once

#include "lib/defer/grace_periods.h"
#include "lib/defer/reader_counts.h"

namespace anyctx::defer {

/// Waits for all readers that entered before: those of the set that is not current any more, then
/// the others after it was turned.
template <machine::Machine M>
class RcuDrain {
 public:
  void init() { readers_.init(); }
  ReaderCounts<M>& readers() { return readers_; }

  void poll() {}
  void begin() { turned_ = false; }
  bool advance() {
    if (!readers_.is_empty_or_wait(readers_.other())) return false;
    if (turned_) return true;
    readers_.turn();
    turned_ = true;
    return readers_.is_empty_or_wait(readers_.other());
  }

 private:
  ReaderCounts<M> readers_;
  bool turned_ = false;
};

/// Law: a reader any part of which precedes a grace period's begin ends before the grace period
/// does; and one any part of which follows its end begins after it began. A reader must not sleep.
/// Readers, handing in, cookies, synchronize(), barrier(): see GracePeriods.
template <machine::Machine M>
class Rcu : public GracePeriods<M, RcuDrain<M>> {
 public:
  /// Single-threaded. Forgets what waits.
  void init() {
    GracePeriods<M, RcuDrain<M>>::init();
    this->drain_.init();
  }
};

}  // namespace anyctx::defer
