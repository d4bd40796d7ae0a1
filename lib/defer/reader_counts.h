// ReaderCounts: how many readers are inside, counted where they enter and where they leave.
// Source: Linux 7.3 kernel/rcu/srcutree.c (per-CPU lock and unlock counters in two sets).
//
// Two sets, of which readers use the current one: when it was turned, the other one only shrinks.
// Sums over CPUs are taken one by one, so a reader that moves could be missed: those who left are
// summed first, those who entered after it. Then equal sums mean that there was a moment without
// readers of the set.
#pragma once

#include <memory>

#include "lib/defer/sites.h"
#include "lib/machine/atomic.h"
#include "lib/machine/percpu.h"

namespace anyctx::defer {

template <machine::Machine M>
class ReaderCounts {
 public:
  /// Single-threaded.
  void init() {
    current_.init(0);
    waiting_.init(0);
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) std::construct_at(&cpus_.of(cpu));
  }

  /// What comes after it sees everything that happened before a grace period that does not wait for
  /// it. Every context; never waits. Returns the set to leave.
  unsigned enter() {
    const unsigned set = current_.load(std::memory_order_relaxed);
    cpus_.here().entered[set].fetch_add(1, std::memory_order_seq_cst);
    return set;
  }
  /// On any CPU. True if the caller has to wake the one who waits for readers. Every context.
  [[nodiscard]] bool leave(unsigned set) {
    cpus_.here().left[set].fetch_add(1, std::memory_order_seq_cst);
    if (waiting_.load(std::memory_order_seq_cst) == 0) [[likely]]
      return false;
    return waiting_.exchange(0) != 0;
  }

  // For the one who waits, a single one at a time.

  /// The set that readers do not enter any more. (One that looked before it was turned still may.)
  unsigned other() const { return current_.load(std::memory_order_relaxed) ^ 1; }
  void turn() { current_.store(other(), std::memory_order_seq_cst); }
  std::uint64_t sum_left(unsigned set) const { return sum(&Counts::left, set); }
  std::uint64_t sum_entered(unsigned set) const { return sum(&Counts::entered, set); }
  /// Whether a set is empty. If not, some leave() that follows will say so.
  bool is_empty_or_wait(unsigned set) {
    if (is_empty(set)) return true;
    waiting_.store(1, std::memory_order_seq_cst);
    // Who left before that could not know.
    return is_empty(set);
  }

 private:
  using Count = machine::Atomic<M, std::uint64_t, site::grace_readers>;
  struct Counts {
    Count entered[2];
    Count left[2];
  };

  bool is_empty(unsigned set) const {
    const std::uint64_t left = sum_left(set);
    return sum_entered(set) == left;
  }
  std::uint64_t sum(Count (Counts::*which)[2], unsigned set) const {
    std::uint64_t total = 0;
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      total += (cpus_.of(cpu).*which)[set].load(std::memory_order_seq_cst);
    }
    return total;
  }

  machine::PerCpu<M, Counts> cpus_;
  machine::Atomic<M, std::uint32_t, site::grace_index> current_;
  machine::Atomic<M, std::uint32_t, site::grace_waiting> waiting_;
};

}  // namespace anyctx::defer
