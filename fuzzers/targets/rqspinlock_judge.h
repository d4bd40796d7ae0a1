// RqsJudge: the oracles of single attempts at, and releases of, resilient spinlocks.
//
// An attempt that fails has a reason that the judge can see from outside: a cycle of waiting, an
// interrupted context that queues, time that passed, a queue that collapsed, an injected verdict.
// That the lock says so itself is not enough. What a lock could not tell exactly, such as what
// other CPUs did a moment ago, is judged in its favour.
#pragma once

#include "fuzzers/model/lock_ledger.h"
#include "fuzzers/targets/rqspinlock_subject.h"

namespace anyctx::target {

using model::LockId;
using model::StackId;

class RqsJudge {
 public:
  /// What was there before an attempt or a release.
  struct Before {
    StackId stack = 0;
    LockId lock = 0;
    unsigned cpu = 0;
    inject::CpuState state;
    unsigned held = 0;
    unsigned queue_nodes = 0;
    std::uint32_t causes = 0;
    std::uint32_t steps = 0;
    std::uint64_t stalls = 0;
  };

  RqsJudge(inject::Simulation& simulation, const RqsInspector& inspector);

  /// `queues`: waiters queue; otherwise they test and set.
  void reset(bool queues, const RqsStrictness& strictness);

  Before begin_attempt(LockId lock);
  /// Whatever the result, the ledger knows it afterwards.
  void judge_attempt(const Before& before, int result, bool irqsave);
  Before begin_release();
  /// `state`: what the CPU must be in afterwards.
  void judge_release(const Before& before, const inject::CpuState& state);
  /// An unlock that must be refused did nothing but report.
  void judge_misuse(const Before& before, bool reported);
  void judge_rest() const;

  model::LockLedger& ledger() { return ledger_; }
  /// The code whose stack this is: tasks, and what interrupts them.
  StackId stack() const;
  Before look(LockId lock) const;

 private:
  using Entry = model::LockEntry;

  // What an attempt left behind.
  void check_code(int result) const;
  void check_owner(LockId lock) const;
  void check_left_behind(const Before& before, const inject::CpuState& state, int held) const;
  void check_word(LockId lock) const;
  // Why it failed.
  void check_reason(const Before& before, int result) const;
  bool may_be_deadlock(const Before& before) const;
  bool may_be_timeout(const Before& before) const;
  bool may_have_timed_out(const Entry& attempt, std::uint64_t limit) const;
  bool is_forced(const Before& before, machine::Site site) const;
  std::uint64_t forced_timeouts() const;
  // How long it took.
  void check_time(const Before& before, int result) const;
  void check_no_wait(const Before& before, int result, std::uint64_t own_ns) const;
  void check_limit(const Before& before, std::uint64_t own_ns) const;
  void check_pair(const Before& before) const;
  bool is_in_vain(const Before& before) const;
  std::uint64_t stalls() const;

  inject::Simulation& simulation_;
  const RqsInspector& inspector_;
  model::LockLedger ledger_;
  bool queues_ = true;
  RqsStrictness strictness_;
  std::uint64_t stalls_at_reset_ = 0;
};

}  // namespace anyctx::target
