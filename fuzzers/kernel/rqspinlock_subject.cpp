#include "fuzzers/kernel/rqspinlock_subject.h"

#include "fuzzers/kernel/rqspinlock.h"
#include "fuzzers/targets/rqspinlock_schema.h"
#include "inject/kernel/boundary.h"
#include "inject/sim/sim_machine.h"
#include "lib/machine/check.h"

namespace anyctx::target {
namespace {

using inject::KernelCode;
using inject::Sim;
using machine::IrqState;

static_assert(kRqsLocks == kKernelRqsLocks);

class KernelRqSpinLockSubject final : public RqSpinLockSubject, private RqsInspector {
 public:
  explicit KernelRqSpinLockSubject(const KernelContract& contract) : contract_(contract) {}

  /// Without CONFIG_SMP the kernel has no queues either.
  void reset(const RqsOptions& options) override {
    ANYCTX_CHECK(anyctx_rqs_reset(options.test_and_set || !Sim::smp()));
  }
  const RqsInspector& inspector() const override { return *this; }
  RqsStrictness strictness() const override {
    return {.names_causes = false,
            .unlocks_are_checked = !contract_.allows(Difference::unlock_is_trusted),
            .nested_waiters_give_up = !contract_.allows(Difference::nested_waiter_waits)};
  }

  int raw_res_spin_lock(unsigned lock) override {
    const KernelCode inside;
    return anyctx_rqs_lock(lock);
  }
  void raw_res_spin_unlock(unsigned lock) override {
    const KernelCode inside;
    anyctx_rqs_unlock(lock);
  }
  int raw_res_spin_lock_irqsave(unsigned lock, IrqState& flags) override {
    const KernelCode inside;
    const anyctx_rqs_attempt attempt = anyctx_rqs_lock_irqsave(lock);
    flags = static_cast<IrqState>(attempt.flags);
    return static_cast<int>(attempt.result);
  }
  void raw_res_spin_unlock_irqrestore(unsigned lock, IrqState flags) override {
    const KernelCode inside;
    anyctx_rqs_unlock_irqrestore(lock, static_cast<unsigned long>(flags));
  }

 private:
  RqsWord word(unsigned lock) const override {
    const std::uint32_t word = anyctx_rqs_word(lock);
    const auto has = [word](anyctx_rqs_mask bits) { return (word & anyctx_rqs_bits(bits)) != 0; };
    return {has(kRqsLocked), has(kRqsPending), has(kRqsTail)};
  }
  unsigned held(unsigned cpu) const override { return anyctx_rqs_held(cpu); }
  unsigned queue_nodes(unsigned cpu) const override { return anyctx_rqs_nodes(cpu); }

  const KernelContract& contract_;
};

}  // namespace

std::unique_ptr<RqSpinLockSubject> make_kernel_rqspinlock_subject(const KernelContract& contract) {
  return std::make_unique<KernelRqSpinLockSubject>(contract);
}

}  // namespace anyctx::target
