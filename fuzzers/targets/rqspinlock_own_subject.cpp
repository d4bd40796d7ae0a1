// The lock in lib/sync as a RqSpinLockSubject.
#include <array>
#include <optional>

#include "fuzzers/targets/rqspinlock_schema.h"
#include "fuzzers/targets/rqspinlock_subject.h"
#include "inject/sim/sim_machine.h"
#include "lib/sync/rqspinlock.h"

namespace anyctx::target {
namespace {

using inject::Sim;
using inject::Watched;
using Cpus = sync::RqCpus<Sim>;
using Lock = sync::RqSpinLock<Sim>;

class OwnRqSpinLockSubject final : public RqSpinLockSubject, private RqsInspector {
 public:
  void reset(const RqsOptions& options) override {
    cpus_.emplace(options.test_and_set ? Cpus::Mode::test_and_set : Cpus::Mode::queue);
    for (std::optional<Lock>& lock : locks_) lock.emplace(*cpus_);
  }
  const RqsInspector& inspector() const override { return *this; }

  int raw_res_spin_lock(unsigned lock) override {
    const Watched watched;
    return locks_[lock]->lock();
  }
  void raw_res_spin_unlock(unsigned lock) override {
    const Watched watched;
    locks_[lock]->unlock();
  }
  int raw_res_spin_lock_irqsave(unsigned lock, machine::IrqState& flags) override {
    const Watched watched;
    return locks_[lock]->lock_irqsave(flags);
  }
  void raw_res_spin_unlock_irqrestore(unsigned lock, machine::IrqState flags) override {
    const Watched watched;
    locks_[lock]->unlock_irqrestore(flags);
  }

 private:
  // The word's layout is the kernel's.
  static constexpr std::uint32_t kLocked = 0xff;
  static constexpr std::uint32_t kPending = 0xff00;
  static constexpr std::uint32_t kTail = 0xffff0000;

  RqsWord word(unsigned lock) const override {
    const std::uint32_t word = locks_[lock]->peek();
    return {(word & kLocked) != 0, (word & kPending) != 0, (word & kTail) != 0};
  }
  unsigned held(unsigned cpu) const override { return cpus_->of(cpu).held.count(); }
  unsigned queue_nodes(unsigned cpu) const override { return cpus_->of(cpu).nodes_used.peek(); }

  // Looked at only.
  mutable std::optional<Cpus> cpus_;
  std::array<std::optional<Lock>, kRqsLocks> locks_;
};

}  // namespace

std::unique_ptr<RqSpinLockSubject> make_own_rqspinlock_subject() {
  return std::make_unique<OwnRqSpinLockSubject>();
}

}  // namespace anyctx::target
