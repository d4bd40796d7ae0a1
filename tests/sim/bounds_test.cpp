// What the simulation bounds: own steps of operations, and those with interrupts off.
#include <gtest/gtest.h>

#include "lib/machine/atomic.h"
#include "tests/sim/machine.h"

namespace anyctx::inject {
namespace {

using Word = machine::Atomic<Sim, std::uint64_t, test_site::a>;

TEST(Bounds, OfOwnSteps) {
  TestMachine m;
  m.config.max_nolock_steps = 100;
  Word word;
  m.lane(task(0), {[&] {
           while (word.load() == 0) {
           }
           return 0;
         }},
         /*nolock=*/true);
  ASSERT_FALSE(m.run());
  EXPECT_EQ(m.simulation().verdict()->kind, VerdictKind::no_progress);
}

TEST(Bounds, OfStepsWithInterruptsOff) {
  for (const int steps : {90, 110}) {
    TestMachine m;
    m.config.max_irqs_off_steps = 100;
    Word word;
    m.lane(task(0), {[&] {
             for (int half = 0; half < 2; ++half) {
               const machine::IrqState outer = Sim::irq_save();
               const machine::IrqState inner = Sim::irq_save();
               for (int i = 0; i < steps; ++i) word.load();
               Sim::irq_restore(inner);
               Sim::irq_restore(outer);
             }
             return 0;
           }});
    ASSERT_EQ(m.run(), steps < 100);
    if (steps < 100) continue;
    EXPECT_EQ(m.simulation().verdict()->kind, VerdictKind::no_progress);
  }
}

}  // namespace
}  // namespace anyctx::inject
