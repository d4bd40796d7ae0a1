#include "fuzzers/targets/rqspinlock_world.h"

#include <algorithm>

#include "fuzzers/targets/rqspinlock_sites.h"
#include "inject/sim/sim_machine.h"
#include "inject/sim/unwatched.h"

namespace anyctx::target {

using engine::Outcome;
using inject::Sim;
using inject::Watched;

namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;

/// Errors go into the digest as they are.
Outcome failure(int result) {
  return {Outcome::Kind::failed, static_cast<std::uint64_t>(-result)};
}

bool has_interrupt_lanes(const program::Program& program) {
  return std::ranges::any_of(program.lanes, [](const program::LaneOps& ops) {
    return ops.lane.kind == inject::LaneKind::irq || ops.lane.kind == inject::LaneKind::softirq;
  });
}

}  // namespace

RqSpinLockWorld::RqSpinLockWorld(inject::Simulation& simulation,
                                 std::unique_ptr<RqSpinLockSubject> subject)
    : simulation_(simulation),
      subject_(std::move(subject)),
      judge_(simulation, subject_->inspector()) {}

void RqSpinLockWorld::setup(const program::Program& program) {
  const bool test_and_set = program.params[static_cast<unsigned>(RqsParam::test_and_set)] != 0;
  subject_->reset({.test_and_set = test_and_set});
  judge_.reset(!test_and_set && simulation_.config().smp, subject_->strictness());
  may_misuse_ = subject_->strictness().unlocks_are_checked;
  has_interrupts_ = has_interrupt_lanes(program);
  misusing_ = false;
}

Outcome RqSpinLockWorld::perform(const program::Op& op, inject::Lane) {
  const StackId stack = judge_.stack();
  const std::uint64_t begun = simulation_.now_ns();
  judge_.ledger().begin_nested(stack);
  const Outcome outcome = dispatch(op);
  judge_.ledger().end_nested(stack, simulation_.now_ns() - begun);
  return outcome;
}

Outcome RqSpinLockWorld::dispatch(const program::Op& op) {
  switch (static_cast<RqsOp>(op.code)) {
    case RqsOp::lock:
      return lock(op.args);
    case RqsOp::lock2:
      return lock2(op.args);
    case RqsOp::lock3:
      return lock3(op.args);
    case RqsOp::lock_many:
      return lock_many(op.args);
    case RqsOp::unlock_unheld:
      return unlock_unheld(op.args[0]);
    case RqsOp::unlock_out_of_order:
      return unlock_out_of_order(op.args);
    case RqsOp::wait:
      return wait(op.args[0]);
  }
  return {Outcome::Kind::vacuous};
}

// Parts of operations.

bool RqSpinLockWorld::in_interrupt() const {
  const machine::Context context = simulation_.context();
  return context == machine::Context::softirq || context == machine::Context::hardirq;
}

/// How the lock may be taken here.
RqSpinLockWorld::Hold RqSpinLockWorld::plan(LockId lock, std::uint32_t flags) const {
  Hold hold;
  hold.lock = in_interrupt() ? lock % kRqsIrqLocks : lock;
  hold.irqsave = (flags & rqs_flag::irqsave) != 0 || (has_interrupts_ && hold.lock < kRqsIrqLocks);
  return hold;
}

int RqSpinLockWorld::attempt(Hold& hold) {
  const RqsJudge::Before before = judge_.begin_attempt(hold.lock);
  hold.state = before.state;
  const int result = hold.irqsave ? subject_->raw_res_spin_lock_irqsave(hold.lock, hold.flags)
                                  : subject_->raw_res_spin_lock(hold.lock);
  judge_.judge_attempt(before, result, hold.irqsave);
  return result;
}

int RqSpinLockWorld::attempt(Hold& hold, std::uint32_t flags) {
  const int result = attempt(hold);
  return result != 0 && (flags & rqs_flag::retry) != 0 ? attempt(hold) : result;
}

void RqSpinLockWorld::release(const Hold& hold) {
  const RqsJudge::Before before = judge_.begin_release();
  if (hold.irqsave) {
    subject_->raw_res_spin_unlock_irqrestore(hold.lock, hold.flags);
  } else {
    subject_->raw_res_spin_unlock(hold.lock);
  }
  judge_.judge_release(before, hold.state);
}

/// A critical section in small. That two do not meet in it is what the judge sees to; the data show
/// ThreadSanitizer whether one comes after the other.
void RqSpinLockWorld::visit_section(LockId lock) {
  {
    const Watched watched;
    ++data_[lock];
  }
  Sim::probe(site::section);
  const Watched watched;
  ++data_[lock];
}

void RqSpinLockWorld::dwell(std::uint32_t ms) {
  if (ms == 0) return;
  Sim::spin_until(
      site::dwell, [] { return false; }, simulation_.now_ns() + ms * kMillisecond);
}

// Operations.

Outcome RqSpinLockWorld::lock(const Args& args) {
  Hold hold = plan(args[0], args[2]);
  if (const int result = attempt(hold, args[2]); result != 0) return failure(result);
  visit_section(hold.lock);
  dwell(args[1]);
  release(hold);
  return {};
}

Outcome RqSpinLockWorld::lock2(const Args& args) {
  Hold outer = plan(args[0], args[3]);
  Hold inner = plan(args[1], args[3]);
  int result = attempt(outer, args[3]);
  if (result != 0) return failure(result);
  visit_section(outer.lock);
  dwell(args[2]);
  result = attempt(inner, args[3]);
  if (result == 0) {
    visit_section(inner.lock);
    release(inner);
  }
  release(outer);
  return result == 0 ? Outcome{} : failure(result);
}

Outcome RqSpinLockWorld::lock3(const Args& args) {
  Hold holds[3] = {plan(args[0], 0), plan(args[1], 0), plan(args[2], 0)};
  int result = 0;
  unsigned count = 0;
  while (count < 3) {
    if (count == 2) dwell(args[3]);
    result = attempt(holds[count]);
    if (result != 0) break;
    visit_section(holds[count++].lock);
  }
  while (count > 0) release(holds[--count]);
  return result == 0 ? Outcome{} : failure(result);
}

Outcome RqSpinLockWorld::lock_many(const Args& args) {
  const unsigned most = in_interrupt() ? kRqsIrqLocks : kRqsLocks;
  std::array<Hold, kRqsLocks> holds;
  int result = 0;
  unsigned count = 0;
  while (count < std::min<unsigned>(args[1], most)) {
    holds[count] = plan((args[0] + count) % kRqsLocks, 0);
    result = attempt(holds[count]);
    if (result != 0) break;
    ++count;
  }
  Outcome outcome = result == 0 ? Outcome{} : failure(result);
  if (result == 0) {
    Hold again = plan(holds[args[2] % count].lock, 0);
    outcome.result = static_cast<std::uint64_t>(-attempt(again));
    if (outcome.result == 0) release(again);
  }
  dwell(args[3]);
  while (count > 0) release(holds[--count]);
  return outcome;
}

Outcome RqSpinLockWorld::wait(std::uint32_t ms) {
  dwell(ms);
  return {};
}

// Misuse. One at a time: reports do not say whose they are.

/// With preemption off, so that the table of held locks that is looked at stays this CPU's.
void RqSpinLockWorld::misuse(LockId lock) {
  Sim::preempt_disable();
  const RqsJudge::Before before = judge_.look(lock);
  simulation_.expect(machine::Bug::bad_unlock);
  misusing_ = true;
  subject_->raw_res_spin_unlock(lock);
  misusing_ = false;
  judge_.judge_misuse(before, simulation_.took_expected());
  Sim::preempt_enable();
}

/// Whoever may hold it: not this CPU.
Outcome RqSpinLockWorld::unlock_unheld(LockId lock) {
  if (misusing_ || !may_misuse_) return {Outcome::Kind::vacuous};
  misuse(lock);
  return {};
}

Outcome RqSpinLockWorld::unlock_out_of_order(const Args& args) {
  if (args[0] == args[1] || !may_misuse_) return {Outcome::Kind::vacuous};
  Hold outer = plan(args[0], 0);
  Hold inner = plan(args[1], 0);
  int result = attempt(outer);
  if (result != 0) return failure(result);
  result = attempt(inner);
  if (result == 0) {
    if (!misusing_) misuse(outer.lock);
    release(inner);
  }
  release(outer);
  return result == 0 ? Outcome{} : failure(result);
}

void RqSpinLockWorld::finish() {
  judge_.judge_rest();
}

}  // namespace anyctx::target
