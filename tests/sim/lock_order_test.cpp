// The order of locks is judged in runs where nothing goes wrong yet.
#include <gtest/gtest.h>

#include "lib/sync/rw_semaphore.h"
#include "lib/sync/spinlock.h"
#include "tests/sim/machine.h"

namespace anyctx::inject {
namespace {

constexpr machine::Site kC{249};
constexpr machine::Site kRw{250};
constexpr machine::Site kRwWait{251};
constexpr machine::SiteInfo kMoreTable[] = {
    {kC, machine::SiteKind::mutex, "test.mutex",
     machine::verbs(machine::Verb::trylock, machine::Verb::lock, machine::Verb::unlock), "a mutex"},
    {kRw, machine::SiteKind::word, "test.rw",
     machine::verbs(machine::Verb::load, machine::Verb::cas, machine::Verb::rmw), "a lock"},
    {kRwWait, machine::SiteKind::probe, "test.rw_wait", machine::verbs(machine::Verb::probe),
     "where it waits"},
};
constexpr std::span<const machine::SiteInfo> kTables[] = {machine::kOperationTable,
                                                          test_site::kTable, kMoreTable};

class LockOrders : public ::testing::Test {
 protected:
  LockOrders() {
    machine.config.sites = kTables;
    machine.config.cpus = 2;
    machine.setup = [this] {
      static_cast<Storage&>(locks) = {};
      locks.rw.init();
      shared = readers = 0;
      is_writing = false;
    };
  }

  void expect_deadlock(const char* found) {
    EXPECT_FALSE(machine.run());
    ASSERT_TRUE(machine.simulation().verdict().has_value());
    EXPECT_EQ(machine.simulation().verdict()->kind, VerdictKind::deadlock);
    EXPECT_EQ(machine.simulation().verdict()->found, found);
  }
  template <class First, class Second>
  static TestMachine::Op in_order(First& first, Second& second) {
    return [&]() -> std::uint64_t {
      first.lock();
      second.lock();
      second.unlock();
      first.unlock();
      return 0;
    };
  }

  struct Storage {
    sync::SpinLock<Sim, test_site::lock_a> a;
    sync::SpinLock<Sim, test_site::lock_a> other_a;
    sync::SpinLock<Sim, test_site::lock_b> b;
    sync::Mutex<Sim, kC> c;
  };
  struct Locks : Storage {
    sync::RwSemaphore<Sim, kRw, kRwWait> rw;
  };
  Locks locks;
  unsigned shared = 0;
  unsigned readers = 0;
  bool is_writing = false;
  TestMachine machine;
};

TEST_F(LockOrders, OneOrderIsFine) {
  machine.lane(task(0), {in_order(locks.a, locks.b), in_order(locks.c, locks.a)});
  machine.lane(task(1), {in_order(locks.c, locks.b), in_order(locks.a, locks.b)});
  for (unsigned i = 0; i < 3; ++i) EXPECT_TRUE(machine.run());
}

TEST_F(LockOrders, TwoTasksInDifferentOrder) {
  machine.lane(task(0), {in_order(locks.a, locks.b)});
  machine.lane(task(1), {in_order(locks.b, locks.a)});
  expect_deadlock("waits for test.lock_a, holds test.lock_b");
}

TEST_F(LockOrders, OneTaskInDifferentOrder) {
  machine.lane(task(0), {in_order(locks.a, locks.b), in_order(locks.b, locks.a)});
  expect_deadlock("waits for test.lock_a, holds test.lock_b");
}

TEST_F(LockOrders, AnotherRunHasAnotherOrder) {
  machine.lane(task(0), {in_order(locks.a, locks.b)});
  EXPECT_TRUE(machine.run());
  machine.lane(task(0), {in_order(locks.b, locks.a)});
  EXPECT_TRUE(machine.run());
}

TEST_F(LockOrders, ACycleOfThree) {
  machine.lane(task(0), {in_order(locks.c, locks.a), in_order(locks.a, locks.b), [&] {
                           locks.b.lock();
                           locks.b.unlock();
                           locks.rw.read_lock();
                           locks.c.lock();
                           locks.c.unlock();
                           locks.rw.read_unlock();
                           return std::uint64_t{0};
                         }});
  machine.lane(task(1), {[&]() -> std::uint64_t {
                 locks.c.lock();
                 locks.rw.write_lock();
                 locks.rw.write_unlock();
                 locks.c.unlock();
                 return 0;
               }});
  expect_deadlock("waits for test.rw, holds test.mutex");
}

TEST_F(LockOrders, ATrylockWaitsForNothing) {
  const auto tries = [&]() -> std::uint64_t {
    locks.b.lock();
    if (locks.a.try_lock()) locks.a.unlock();
    locks.b.unlock();
    return 0;
  };
  machine.lane(task(0), {in_order(locks.a, locks.b), tries});
  EXPECT_TRUE(machine.run());
}

TEST_F(LockOrders, WhoTriedStillHolds) {
  const auto tries = [&]() -> std::uint64_t {
    if (!locks.b.try_lock()) return 1;
    locks.a.lock();
    locks.a.unlock();
    locks.b.unlock();
    return 0;
  };
  machine.lane(task(0), {in_order(locks.a, locks.b), tries});
  expect_deadlock("waits for test.lock_a, holds test.lock_b");
}

TEST_F(LockOrders, LocksOfOneSiteAreNotOrdered) {
  machine.lane(task(0), {in_order(locks.a, locks.other_a), in_order(locks.other_a, locks.a)});
  EXPECT_TRUE(machine.run());
}

TEST_F(LockOrders, ReadingTwice) {
  machine.lane(task(0), {[&]() -> std::uint64_t {
                 locks.rw.read_lock();
                 locks.rw.read_lock();
                 return 0;
               }});
  expect_deadlock("takes test.rw again");
}

TEST_F(LockOrders, ReadersShareWritersDoNot) {
  unsigned together = 0;
  const auto reads = [&]() -> std::uint64_t {
    locks.rw.read_lock();
    ++readers;
    together += readers > 1;
    Sim::probe(test_site::probe);
    if (is_writing) machine.simulation().stop(VerdictKind::lock_state, "readers", "", "a writer");
    --readers;
    locks.rw.read_unlock();
    return 0;
  };
  const auto writes = [&]() -> std::uint64_t {
    locks.rw.write_lock();
    if (is_writing || readers != 0) {
      machine.simulation().stop(VerdictKind::lock_state, "one writer", "", "others");
    }
    is_writing = true;
    Sim::probe(test_site::probe);
    is_writing = false;
    ++shared;
    locks.rw.write_unlock();
    return 0;
  };
  machine.config.cpus = 3;
  machine.lane(task(0), {reads, writes, reads});
  machine.lane(task(1), {writes, reads, writes});
  machine.lane(task(2), {reads, reads, writes});
  for (unsigned seed = 0; seed < 10'000; ++seed) {
    RandomDraws draws(seed);
    ASSERT_TRUE(machine.run({}, &draws, 2 + seed % 10))
        << seed << ": " << machine.simulation().verdict()->found;
    ASSERT_EQ(shared, 4u);
    ASSERT_FALSE(locks.rw.peek_held());
  }
  EXPECT_GT(together, 500u);
}

TEST_F(LockOrders, SleepingIsForPreemptibleTasks) {
  machine.lane(task(0), {[&]() -> std::uint64_t {
                 Sim::preempt_disable();
                 locks.rw.read_lock();
                 return 0;
               }});
  EXPECT_FALSE(machine.run());
  EXPECT_EQ(machine.simulation().verdict()->kind, VerdictKind::sleep_in_atomic);
}

}  // namespace
}  // namespace anyctx::inject
