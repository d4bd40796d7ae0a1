// RqSpinLockWorld: users of resilient spinlocks, with critical sections that nest, last, and are
// interrupted.
//
// It keeps what the lock's callers must keep: locks are released in the reverse order, and locks
// that interrupts take are taken with interrupts off everywhere (except in NMIs).
#pragma once

#include <array>
#include <memory>

#include "fuzzers/engine/world.h"
#include "fuzzers/targets/rqspinlock_judge.h"
#include "fuzzers/targets/rqspinlock_schema.h"

namespace anyctx::target {

class RqSpinLockWorld final : public engine::World {
 public:
  RqSpinLockWorld(inject::Simulation& simulation, std::unique_ptr<RqSpinLockSubject> subject);

  void setup(const program::Program& program) override;
  engine::Outcome perform(const program::Op& op, inject::Lane lane) override;
  void finish() override;

 private:
  using Args = std::array<std::uint32_t, program::kMaxArgs>;
  using Outcome = engine::Outcome;

  /// One user's hold on a lock.
  struct Hold {
    LockId lock = 0;
    bool irqsave = false;
    machine::IrqState flags{};  // to be restored by the release
    inject::CpuState state;     // of the CPU before the attempt
  };

  Outcome dispatch(const program::Op& op);
  Outcome lock(const Args& args);
  Outcome lock2(const Args& args);
  Outcome lock3(const Args& args);
  Outcome lock_many(const Args& args);
  Outcome unlock_unheld(LockId lock);
  Outcome unlock_out_of_order(const Args& args);
  Outcome wait(std::uint32_t ms);

  Hold plan(LockId lock, std::uint32_t flags) const;
  int attempt(Hold& hold);
  int attempt(Hold& hold, std::uint32_t flags);
  void release(const Hold& hold);
  void visit_section(LockId lock);
  void misuse(LockId lock);
  void dwell(std::uint32_t ms);
  [[nodiscard]] bool in_interrupt() const;

  inject::Simulation& simulation_;
  std::unique_ptr<RqSpinLockSubject> subject_;
  RqsJudge judge_;
  bool has_interrupts_ = false;
  bool misusing_ = false;
  bool may_misuse_ = true;
  std::array<std::uint64_t, kRqsLocks> data_{};  // each protected by its lock
};

}  // namespace anyctx::target
