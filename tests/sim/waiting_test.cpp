// Waiting on the simulated machine: what is due but cannot be delivered ends no wait.
#include <gtest/gtest.h>

#include "lib/defer/irq_work.h"
#include "lib/sync/spinlock.h"
#include "tests/sim/machine.h"

namespace anyctx::inject {
namespace {

using machine::point;
using machine::Verb;

/// Task 0 takes A, then B, with interrupts off and an interrupt pending; task 1 the other way
/// round. Both are locks of one kind, so that the order of kinds does not speak first.
class Waiting : public ::testing::Test {
 protected:
  Waiting() {
    machine_.config.cpus = 2;
    machine_.setup = [this] {
      work_.init([](void* runs, unsigned) { ++*static_cast<unsigned*>(runs); }, &runs_, 0);
    };
    machine_.lane(task(0), {[this] {
                    const machine::IrqState irqs = a_.lock_irqsave();
                    work_.queue();
                    b_.lock();
                    b_.unlock();
                    a_.unlock_irqrestore(irqs);
                    return 0;
                  }});
    machine_.lane(task(1), {[this] {
                    b_.lock();
                    a_.lock();
                    a_.unlock();
                    b_.unlock();
                    return 0;
                  }});
  }

  TestMachine machine_;
  sync::SpinLock<Sim, test_site::lock_a> a_;
  sync::SpinLock<Sim, test_site::lock_a> b_;
  defer::IrqWork<Sim> work_;
  unsigned runs_ = 0;
};

TEST_F(Waiting, IsADeadlockThoughAnInterruptIsDue) {
  const Decision other_first = {
      {task(0), 0, 0}, point(test_site::lock_a, Verb::lock), 2, {ActionKind::run, task(1), 0}};
  ASSERT_FALSE(machine_.run({other_first}));
  EXPECT_EQ(machine_.simulation().verdict()->kind, VerdictKind::deadlock);
  EXPECT_EQ(runs_, 0u);
}

TEST_F(Waiting, EndsWithTheInterruptDelivered) {
  ASSERT_TRUE(machine_.run());
  EXPECT_EQ(runs_, 1u);
}

}  // namespace
}  // namespace anyctx::inject
