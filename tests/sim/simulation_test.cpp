// The simulated machine itself: contexts, decisions, locks, deferred work, determinism.
#include <gtest/gtest.h>

#include "lib/defer/irq_work.h"
#include "lib/machine/atomic.h"
#include "lib/sync/local_lock.h"
#include "lib/sync/spinlock.h"
#include "tests/sim/machine.h"

namespace anyctx::inject {
namespace {

using machine::Atomic;
using machine::point;
using machine::Verb;
using Word = Atomic<Sim, std::uint64_t, test_site::a>;
using LockA = sync::SpinLock<Sim, test_site::lock_a>;
using LockB = sync::SpinLock<Sim, test_site::lock_b>;

Decision at(Lane lane, std::uint8_t op, machine::PointId p, std::uint16_t occurrence,
            Action action) {
  return {{lane, op, 0}, p, occurrence, action};
}

TEST(Simulation, RunsTasksInOrderWithoutDecisions) {
  TestMachine m;
  m.config.cpus = 2;
  std::vector<int> order;
  order.reserve(8);
  m.lane(task(0), {[&] {
                     order.push_back(0);
                     return 0;
                   },
                   [&] {
                     order.push_back(1);
                     return 0;
                   }});
  m.lane(task(1), {[&] {
           order.push_back(2);
           return 0;
         }});
  ASSERT_TRUE(m.run());
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
}

TEST(Simulation, SwitchesTasksWhereToldTo) {
  TestMachine m;
  m.config.cpus = 2;
  Word word;
  std::uint64_t seen = 0;
  m.setup = [&] { word.init(1); };
  m.lane(task(0), {[&] {
           seen = word.load();
           return seen;
         }});
  m.lane(task(1), {[&] {
           word.store(2);
           return 0;
         }});
  ASSERT_TRUE(m.run());
  EXPECT_EQ(seen, 1u);
  ASSERT_TRUE(
      m.run({at(task(0), 0, point(test_site::a, Verb::load), 1, {ActionKind::run, task(1), 0})}));
  EXPECT_EQ(seen, 2u);
  EXPECT_EQ(m.simulation().taken().size(), 1u);
}

TEST(Simulation, RunsAnNmiBeforeThePrimitive) {
  TestMachine m;
  Word word;
  std::uint64_t seen = 0;
  machine::Context context{};
  bool irqs_off = false;
  m.setup = [&] { word.init(0); };
  m.lane(task(0), {[&] {
           seen = word.load();
           return 0;
         }});
  m.lane(nmi(0), {[&] {
           context = Sim::context();
           irqs_off = Sim::irqs_disabled();
           word.store(7);
           return 0;
         }});
  ASSERT_TRUE(
      m.run({at(task(0), 0, point(test_site::a, Verb::load), 1, {ActionKind::enter, nmi(0), 0})}));
  EXPECT_EQ(seen, 7u);
  EXPECT_EQ(context, machine::Context::nmi);
  EXPECT_TRUE(irqs_off);
}

TEST(Simulation, AnNmiIsNotInterruptedByAnNmi) {
  TestMachine m;
  Word word;
  m.lane(task(0), {[&] { return word.load(); }});
  m.lane(nmi(0), {[&] { return word.load(); }});
  const auto load = point(test_site::a, Verb::load);
  ASSERT_TRUE(m.run({at(task(0), 0, load, 1, {ActionKind::enter, nmi(0), 0}),
                     at(nmi(0), 0, load, 1, {ActionKind::enter, nmi(0), 0})}));
  EXPECT_EQ(m.simulation().taken().size(), 1u);
  EXPECT_EQ(m.simulation().stats().ignored, 1u);
}

TEST(Simulation, InjectsFailuresOnceAndForEver) {
  TestMachine m;
  LockA lock;
  std::vector<bool> got;
  got.reserve(8);
  const auto attempt = [&] {
    got.push_back(lock.try_lock());
    if (got.back()) lock.unlock();
    return 0;
  };
  m.lane(task(0), {attempt, attempt, attempt});
  const auto trylock = point(test_site::lock_a, Verb::trylock);
  ASSERT_TRUE(m.run({at(task(0), 1, trylock, 1, {ActionKind::fail, {}, 0})}));
  EXPECT_EQ(got, (std::vector<bool>{true, false, true}));
  got.clear();
  ASSERT_TRUE(m.run({at(task(0), 1, trylock, 1, {ActionKind::fail_sticky, {}, 0})}));
  EXPECT_EQ(got, (std::vector<bool>{true, false, false}));
}

TEST(Simulation, RecordsACauseForEachFailure) {
  TestMachine m;
  std::uint32_t causes = 0;
  bool injected = false;
  m.lane(task(0), {[&] {
           EXPECT_TRUE(Sim::fails(test_site::limit, true));
           EXPECT_TRUE(Sim::fails(test_site::limit, false));  // by decision
           EXPECT_FALSE(Sim::fails(test_site::limit, false));
           causes = m.simulation().causes().count();
           injected = m.simulation().causes().kept()[1].injected;
           return 0;
         }});
  ASSERT_TRUE(
      m.run({at(task(0), 0, point(test_site::limit, Verb::limit), 2, {ActionKind::fail, {}, 0})}));
  EXPECT_EQ(causes, 2u);
  EXPECT_TRUE(injected);
}

TEST(Simulation, ATaskWaitsForALockAnotherHolds) {
  TestMachine m;
  m.config.cpus = 2;
  LockA lock;
  Word word;
  std::uint64_t seen = 0;
  m.setup = [&] { word.init(0); };
  m.lane(task(0), {[&] {
           lock.lock();
           word.store(1);
           word.store(2);
           lock.unlock();
           return 0;
         }});
  m.lane(task(1), {[&] {
           lock.lock();
           seen = word.load();
           lock.unlock();
           return 0;
         }});
  ASSERT_TRUE(
      m.run({at(task(0), 0, point(test_site::a, Verb::store), 2, {ActionKind::run, task(1), 0})}));
  EXPECT_EQ(seen, 2u);
}

TEST(Simulation, FindsAbbaDeadlock) {
  TestMachine m;
  m.config.cpus = 2;
  LockA a;
  LockA b;  // of the same site: their order is not judged, only what comes of it
  m.lane(task(0), {[&] {
           a.lock();
           b.lock();
           b.unlock();
           a.unlock();
           return 0;
         }});
  m.lane(task(1), {[&] {
           b.lock();
           a.lock();
           a.unlock();
           b.unlock();
           return 0;
         }});
  ASSERT_TRUE(m.run());
  ASSERT_FALSE(m.run(
      {at(task(0), 0, point(test_site::lock_a, Verb::lock), 2, {ActionKind::run, task(1), 0})}));
  EXPECT_EQ(m.simulation().verdict()->kind, VerdictKind::deadlock);
}

TEST(Simulation, FindsSelfDeadlockOfAnInterrupt) {
  TestMachine m;
  LockA lock;
  Word word;
  m.lane(task(0), {[&] {
           lock.lock();
           word.load();
           lock.unlock();
           return 0;
         }});
  m.lane({LaneKind::irq, 0}, {[&] {
           lock.lock();
           lock.unlock();
           return 0;
         }});
  ASSERT_TRUE(m.run());
  ASSERT_FALSE(m.run({at(task(0), 0, point(test_site::a, Verb::load), 1,
                         {ActionKind::enter, {LaneKind::irq, 0}, 0})}));
  EXPECT_EQ(m.simulation().verdict()->kind, VerdictKind::deadlock);
}

TEST(Simulation, MaskedInterruptsDoNotEnter) {
  TestMachine m;
  LockA lock;
  Word word;
  m.lane(task(0), {[&] {
           const machine::IrqState state = lock.lock_irqsave();
           word.load();
           lock.unlock_irqrestore(state);
           return 0;
         }});
  m.lane({LaneKind::irq, 0}, {[&] {
           lock.lock();
           lock.unlock();
           return 0;
         }});
  ASSERT_TRUE(m.run({at(task(0), 0, point(test_site::a, Verb::load), 1,
                        {ActionKind::enter, {LaneKind::irq, 0}, 0})}));
  EXPECT_EQ(m.simulation().stats().ignored, 1u);
}

TEST(Simulation, ANolockOperationMustNotWait) {
  TestMachine m;
  LockA lock;
  m.lane(task(0), {[&] {
           lock.lock();
           lock.unlock();
           return 0;
         }},
         /*nolock=*/true);
  ASSERT_FALSE(m.run());
  EXPECT_EQ(m.simulation().verdict()->kind, VerdictKind::forbidden_action);
}

TEST(Simulation, SleepingLocksOnRtNeedAPreemptibleTask) {
  TestMachine m;
  LockA lock;
  m.lane(task(0), {[&] {
           Sim::preempt_disable();
           lock.lock();
           lock.unlock();
           Sim::preempt_enable();
           return 0;
         }});
  ASSERT_TRUE(m.run());
  m.config.rt = true;
  ASSERT_FALSE(m.run());
  EXPECT_EQ(m.simulation().verdict()->kind, VerdictKind::sleep_in_atomic);
}

TEST(Simulation, OnUpATrylockSucceedsOnAHeldLock) {
  TestMachine m;
  m.config.smp = false;
  LockA lock;
  Word word;
  bool got = false;
  m.lane(task(0), {[&] {
           lock.lock();
           word.load();
           lock.unlock();
           return 0;
         }});
  m.lane(nmi(0), {[&] {
           got = lock.try_lock();
           if (got) lock.unlock();
           return 0;
         }});
  ASSERT_TRUE(
      m.run({at(task(0), 0, point(test_site::a, Verb::load), 1, {ActionKind::enter, nmi(0), 0})}));
  EXPECT_TRUE(got);
}

TEST(Simulation, AnOperationLeavesTheCpuAsItFoundIt) {
  const std::function<void(LockA&)> mistakes[] = {
      [](LockA& lock) { lock.lock(); },
      [](LockA&) { (void)Sim::irq_save(); },
      [](LockA&) { Sim::preempt_disable(); },
      [](LockA& lock) { lock.unlock(); },
  };
  for (const auto& mistake : mistakes) {
    TestMachine m;
    LockA lock;
    m.lane(task(0), {[&] {
             mistake(lock);
             return 0;
           }});
    ASSERT_FALSE(m.run());
    EXPECT_EQ(m.simulation().verdict()->kind, VerdictKind::lock_state);
  }
}

TEST(Simulation, MigratesOnlyPreemptibleTasks) {
  TestMachine m;
  m.config.cpus = 2;
  Word word;
  unsigned free_cpu = 9;
  unsigned pinned_cpu = 9;
  m.lane(task(0), {[&] {
                     word.load();
                     free_cpu = Sim::cpu();
                     return 0;
                   },
                   [&] {
                     Sim::preempt_disable();
                     word.load();
                     pinned_cpu = Sim::cpu();
                     Sim::preempt_enable();
                     return 0;
                   }});
  const auto load = point(test_site::a, Verb::load);
  ASSERT_TRUE(m.run({at(task(0), 0, load, 1, {ActionKind::migrate, {}, 1}),
                     at(task(0), 1, load, 1, {ActionKind::migrate, {}, 0})}));
  EXPECT_EQ(free_cpu, 1u);
  EXPECT_EQ(pinned_cpu, 1u);
}

TEST(Simulation, AStalledTaskWaitsUntilNothingElseRuns) {
  TestMachine m;
  m.config.cpus = 2;
  Word word;
  std::uint64_t seen = 0;
  m.setup = [&] { word.init(0); };
  m.lane(task(0), {[&] {
           seen = word.load();
           return 0;
         }});
  m.lane(task(1), {[&] {
                     word.store(1);
                     return 0;
                   },
                   [&] {
                     word.store(2);
                     return 0;
                   }});
  ASSERT_TRUE(
      m.run({at(task(0), 0, point(test_site::a, Verb::load), 1, {ActionKind::stall, {}, 0})}));
  EXPECT_EQ(seen, 2u);
}

class DeferredWork : public ::testing::TestWithParam<bool> {};

TEST_P(DeferredWork, RunsWhenInterruptsAreOnAndCanBeDelayed) {
  TestMachine m;
  m.config.rt = GetParam();
  defer::IrqWork<Sim> work;
  unsigned runs = 0;
  unsigned runs_in_op = 0;
  std::uint32_t owner = 0;
  m.setup = [&] {
    work.init([](void* r, unsigned) { ++*static_cast<unsigned*>(r); }, &runs, 0);
    (void)owner;
  };
  const auto queue = [&] {
    const machine::IrqState state = Sim::irq_save();
    EXPECT_TRUE(work.queue());
    EXPECT_FALSE(work.queue());
    runs_in_op = runs;
    Sim::irq_restore(state);
    return 0;
  };
  m.lane(task(0), {queue});
  ASSERT_TRUE(m.run());
  EXPECT_EQ(runs_in_op, 0u);
  EXPECT_EQ(runs, 1u);
  runs = 0;
  ASSERT_TRUE(m.run(
      {at(task(0), 0, point(defer::site::irq_work, Verb::raise), 1, {ActionKind::delay, {}, 0})}));
  EXPECT_EQ(runs, 1u);
  EXPECT_TRUE(work.idle());
}

INSTANTIATE_TEST_SUITE_P(NonRtAndRt, DeferredWork, ::testing::Bool());

TEST(Simulation, OnRtDeferredWorkPreemptsTheTaskThatRaisedIt) {
  TestMachine m;
  m.config.rt = true;
  defer::IrqWork<Sim> work;
  unsigned runs = 0;
  unsigned with_preemption_off = 9;
  unsigned with_preemption_on = 9;
  m.setup = [&] { work.init([](void* r, unsigned) { ++*static_cast<unsigned*>(r); }, &runs, 0); };
  m.lane(task(0), {[&] {
           Sim::preempt_disable();
           work.queue();
           with_preemption_off = runs;
           Sim::preempt_enable();
           with_preemption_on = runs;
           return 0;
         }});
  ASSERT_TRUE(m.run());
  EXPECT_EQ(with_preemption_off, 0u);
  EXPECT_EQ(with_preemption_on, 1u);
}

TEST(Simulation, SyncWaitsForDelayedWork) {
  TestMachine m;
  defer::IrqWork<Sim> work;
  unsigned runs = 0;
  m.setup = [&] { work.init([](void* r, unsigned) { ++*static_cast<unsigned*>(r); }, &runs, 0); };
  unsigned after_sync = 0;
  m.lane(task(0), {[&] {
                     work.queue();
                     return 0;
                   },
                   [&] {
                     work.sync();
                     after_sync = runs;
                     return 0;
                   }});
  ASSERT_TRUE(m.run(
      {at(task(0), 0, point(defer::site::irq_work, Verb::raise), 1, {ActionKind::delay, {}, 0})}));
  EXPECT_EQ(after_sync, 1u);
}

TEST(Simulation, AWalkIsReplayedFromWhatItRecorded) {
  TestMachine m;
  m.config.cpus = 2;
  Word word;
  LockA lock;
  const auto op = [&]() -> std::uint64_t {
    std::uint64_t old = word.load();
    while (!word.cas(old, old + 1)) {
    }
    if (lock.try_lock()) lock.unlock();
    return old;
  };
  m.setup = [&] { word.init(0); };
  m.lane(task(0), {op, op, op, op});
  m.lane(task(1), {op, op, op, op});
  m.lane(nmi(0), {op});
  unsigned decisions = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    RandomDraws draws(seed);
    ASSERT_TRUE(m.run({}, &draws, 4));
    const std::uint64_t digest = m.digest();
    const Decisions taken = m.simulation().taken();
    decisions += static_cast<unsigned>(taken.size());
    ASSERT_TRUE(m.run(taken));
    ASSERT_EQ(m.digest(), digest) << "seed " << seed;
    ASSERT_EQ(m.simulation().taken(), taken) << "seed " << seed;
    ASSERT_TRUE(m.run(taken, nullptr, 8, Recording::visits));
    ASSERT_EQ(m.digest(), digest) << "recording changed the run of seed " << seed;
  }
  EXPECT_GT(decisions, 1000u);
}

TEST(Simulation, TwoSimulationsRunSideBySide) {
  TestMachine outer;
  TestMachine inner;
  Word word;
  std::uint64_t inner_digest = 0;
  inner.lane(task(0), {[&] { return word.load(); }});
  ASSERT_TRUE(inner.run());
  const std::uint64_t alone = inner.digest();
  outer.lane(task(0), {[&] {
               word.load();
               EXPECT_TRUE(inner.run());
               inner_digest = inner.digest();
               return word.load();
             }});
  ASSERT_TRUE(outer.run());
  EXPECT_EQ(inner_digest, alone);
}

}  // namespace
}  // namespace anyctx::inject
