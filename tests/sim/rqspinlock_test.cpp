// The resilient spinlock on the simulated machine: results of each stage, what is left behind after
// each failure, and mutual exclusion under random and exhaustive decisions.
#include "lib/sync/rqspinlock.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>

#include "inject/choice/draws.h"
#include "tests/sim/machine.h"

namespace anyctx::inject {
namespace {

using Lock = sync::RqSpinLock<Sim>;
using Cpus = sync::RqCpus<Sim>;
using machine::point;
using machine::PointId;
using machine::Verb;
namespace rq = sync::site;

constexpr std::span<const machine::SiteInfo> kTables[] = {machine::kOperationTable, rq::kTable,
                                                          test_site::kTable};
constexpr std::uint64_t kMs = Lock::kMillisecond;

[[noreturn]] void violated(VerdictKind kind, const char* rule, std::string found) {
  Simulation::current().stop(kind, rule, "as the rule says", std::move(found));
}

/// A machine with locks, and a model of who holds which.
class Locks {
 public:
  static constexpr unsigned kLocks = 40;

  explicit Locks(unsigned cpu_count, Cpus::Mode mode = Cpus::Mode::queue) : mode_(mode) {
    machine.config.sites = kTables;
    machine.config.cpus = cpu_count;
    machine.setup = [this] {
      cpus_.emplace(mode_);
      for (auto& lock : locks_) lock.emplace(*cpus_);
      held_.fill(false);
    };
    machine.check = [this] {
      if (!cpus_->idle()) violated(VerdictKind::conservation, "the CPUs are idle", "not idle");
      for (auto& lock : locks_) {
        if (lock->peek() == 0) continue;
        violated(VerdictKind::conservation, "the word returns to 0", std::to_string(lock->peek()));
      }
    };
  }

  /// Takes a lock. Judges exclusion, the result, and that a failure has a cause.
  int take(unsigned index) {
    Cpus& cpus = *cpus_;
    const unsigned held = cpus.of(Sim::cpu()).held.count();
    const std::uint32_t causes = machine.simulation().causes().count();
    const int result = locks_[index]->lock();
    if (result == 0) {
      if (held_[index]) violated(VerdictKind::overlap, "a lock has one owner", "two");
      held_[index] = true;
      return 0;
    }
    if (result != -EDEADLK && result != -ETIMEDOUT) {
      violated(VerdictKind::error_code, "a result of the contract", std::to_string(result));
    }
    if (machine.simulation().causes().count() == causes) {
      violated(VerdictKind::spurious_failure, "a failure has a cause", "none");
    }
    if (cpus.of(Sim::cpu()).held.count() != held) {
      violated(VerdictKind::failure_atomicity, "a failure leaves no entry",
               "an entry more or less");
    }
    return result;
  }
  void give(unsigned index) {
    held_[index] = false;
    locks_[index]->unlock();
  }
  /// A critical section of a few steps. Returns -errno.
  std::uint64_t section(unsigned index) {
    const int result = take(index);
    if (result != 0) return static_cast<std::uint64_t>(result);
    word_.load();
    word_.store(1);
    give(index);
    return 0;
  }
  /// As the interrupt's lock wants it.
  template <class F>
  std::uint64_t irqs_off(F f) {
    const machine::IrqState state = Sim::irq_save();
    const std::uint64_t result = f();
    Sim::irq_restore(state);
    return result;
  }
  /// Takes two, one inside the other.
  std::uint64_t nested(unsigned outer, unsigned inner) {
    const int result = take(outer);
    if (result != 0) return static_cast<std::uint64_t>(result);
    word_.load();
    const std::uint64_t inside = section(inner);
    give(outer);
    return inside;
  }

  Lock& lock(unsigned index) { return *locks_[index]; }
  Cpus& cpus() { return *cpus_; }
  std::uint64_t now_ms() { return machine.simulation().now_ns() / kMs; }

  TestMachine machine;

 private:
  Cpus::Mode mode_;
  std::optional<Cpus> cpus_;
  std::array<std::optional<Lock>, kLocks> locks_;
  std::array<bool, kLocks> held_{};
  machine::Atomic<Sim, std::uint64_t, test_site::a> word_;
};

/// "At the nth visit of this point of the operation: ..."
Decision at(Lane lane, machine::Site site, Verb verb, Action action, std::uint16_t nth = 1,
            std::uint8_t op = 0) {
  return {{lane, op, 0}, point(site, verb), nth, action};
}
Action run(std::uint8_t index) {
  return {ActionKind::run, task(index), 0};
}
constexpr Action kNmi{ActionKind::enter, nmi(0), 0};
constexpr Action kStall{ActionKind::stall, {}, 0};
constexpr Action kFail{ActionKind::fail, {}, 0};

std::uint64_t error(int code) {
  return static_cast<std::uint64_t>(-code);
}

TEST(RqSpinLock, IsOneWord) {
  EXPECT_LE(sizeof(Lock), 2 * sizeof(void*));
  EXPECT_EQ(sizeof(sync::HeldLocks<Sim>), 256u);
}

TEST(RqSpinLock, ExcludesAndIsReleased) {
  Locks locks(2);
  std::uint64_t results[2] = {9, 9};
  locks.machine.lane(task(0), {[&] { return results[0] = locks.section(0); }});
  locks.machine.lane(task(1), {[&] { return results[1] = locks.section(0); }});
  ASSERT_TRUE(locks.machine.run({at(task(0), test_site::a, Verb::store, run(1))}));
  EXPECT_EQ(results[0], 0u);
  EXPECT_EQ(results[1], 0u);
  EXPECT_EQ(locks.now_ms(), 0u);
}

TEST(RqSpinLock, DetectsItself) {
  Locks locks(1);
  std::uint64_t result = 0;
  locks.machine.lane(task(0), {[&] { return result = locks.nested(0, 0); }});
  ASSERT_TRUE(locks.machine.run());
  EXPECT_EQ(result, error(EDEADLK));
  EXPECT_EQ(locks.machine.simulation().now_ns(), 0u);
}

TEST(RqSpinLock, DetectsAPair) {
  Locks locks(2);
  std::uint64_t results[2] = {};
  locks.machine.lane(task(0), {[&] { return results[0] = locks.nested(0, 1); }});
  locks.machine.lane(task(1), {[&] { return results[1] = locks.nested(1, 0); }});
  ASSERT_TRUE(locks.machine.run({at(task(0), test_site::a, Verb::load, run(1))}));
  EXPECT_EQ(results[0] + results[1], error(EDEADLK)) << "one gives way, the other goes on";
  EXPECT_GE(locks.machine.simulation().now_ns(), kMs);
  EXPECT_LT(locks.machine.simulation().now_ns(), 2 * kMs);
}

TEST(RqSpinLock, ALongerCycleTimesOut) {
  Locks locks(3);
  std::uint64_t results[3] = {};
  for (std::uint8_t i = 0; i < 3; ++i) {
    locks.machine.lane(task(i), {[&, i] { return results[i] = locks.nested(i, (i + 1u) % 3); }});
  }
  ASSERT_TRUE(locks.machine.run({at(task(0), test_site::a, Verb::load, run(1)),
                                 at(task(1), test_site::a, Verb::load, run(2))}));
  EXPECT_EQ(results[0] + results[1] + results[2], error(ETIMEDOUT));
  EXPECT_EQ(locks.now_ms(), 250u);
}

TEST(RqSpinLock, AnEntryBeyondTheTableIsNotDetected) {
  Locks locks(1);
  std::vector<std::uint64_t> results(36, 0);
  std::uint64_t ms_of_last = 0;
  locks.machine.lane(task(0), {[&] {
                       for (unsigned i = 0; i < 34; ++i) {
                         if (locks.take(i) != 0) return 1;
                       }
                       results[30] = static_cast<std::uint64_t>(locks.take(30));
                       EXPECT_EQ(locks.now_ms(), 0u);
                       results[33] = static_cast<std::uint64_t>(locks.take(33));
                       ms_of_last = locks.now_ms();
                       for (unsigned i = 34; i-- > 0;) locks.give(i);
                       return 0;
                     }});
  ASSERT_TRUE(locks.machine.run());
  EXPECT_EQ(results[30], error(EDEADLK)) << "the last one recorded";
  EXPECT_EQ(results[33], error(ETIMEDOUT));
  EXPECT_EQ(ms_of_last, 250u);
}

TEST(RqSpinLock, EachStageHasItsLimit) {
  Locks locks(4);
  std::uint64_t results[4] = {};
  std::uint64_t ends[4] = {};
  for (std::uint8_t i = 0; i < 4; ++i) {
    locks.machine.lane(task(i), {[&, i] {
                         results[i] = locks.section(0);
                         ends[i] = locks.now_ms();
                         return results[i];
                       }});
  }
  // The owner's CPU stops. 1 becomes the pending waiter, 2 the head of the queue, 3 the next.
  ASSERT_TRUE(locks.machine.run({at(task(0), test_site::a, Verb::load, kStall)}));
  EXPECT_EQ(results[1], error(ETIMEDOUT));
  EXPECT_EQ(ends[1], 250u);
  EXPECT_EQ(results[2], error(ETIMEDOUT));
  EXPECT_EQ(ends[2], 500u);
  EXPECT_EQ(results[3], error(ETIMEDOUT)) << "the head timed out: everybody leaves";
  EXPECT_EQ(ends[3], 500u);
  EXPECT_EQ(results[0], 0u);
}

TEST(RqSpinLock, AHeadInADeadlockLeavesAlone) {
  Locks locks(4);
  std::uint64_t results[4] = {};
  locks.machine.lane(task(0), {[&] {
                       if (locks.take(0) != 0) return 1;
                       // Meanwhile 1 becomes the pending waiter, 2 the head of the queue with lock
                       // 1 in its hands, 3 the next. 2 looks for deadlocks before 0 does.
                       Sim::spin_until(
                           test_site::probe, [] { return false; }, kMs + kMs / 2);
                       results[0] = locks.section(1);
                       locks.give(0);
                       return 0;
                     }});
  locks.machine.lane(task(1), {[&] { return results[1] = locks.section(0); }});
  locks.machine.lane(task(2), {[&] { return results[2] = locks.nested(1, 0); }});
  locks.machine.lane(task(3), {[&] { return results[3] = locks.section(0); }});
  ASSERT_TRUE(locks.machine.run());
  EXPECT_EQ(results[2], error(EDEADLK));
  EXPECT_EQ(results[0], 0u);
  EXPECT_EQ(results[1], 0u);
  EXPECT_EQ(results[3], 0u);
  EXPECT_EQ(locks.now_ms(), 2u);
}

/// Every point of a critical section, hit by an NMI that tries the same lock.
TEST(RqSpinLock, AnNmiIsNeverMadeToWaitForItsOwnCpu) {
  Locks locks(1);
  std::uint64_t result = 0;
  std::uint64_t in_nmi = 0;
  locks.machine.lane(task(0), {[&] { return result = locks.section(0); }});
  locks.machine.lane(nmi(0), {[&] { return in_nmi = locks.section(0); }}, true);
  locks.machine.simulation().collect_visits(true);
  ASSERT_TRUE(locks.machine.run());
  const std::vector<VisitCount> visits = locks.machine.simulation().visits();
  locks.machine.simulation().collect_visits(false);
  unsigned placements = 0;
  unsigned deadlocks = 0;
  for (const VisitCount& visit : visits) {
    for (std::uint16_t nth = 1; nth <= visit.count; ++nth, ++placements) {
      ASSERT_TRUE(locks.machine.run({{visit.where, visit.point, nth, kNmi}}));
      ASSERT_EQ(locks.machine.simulation().now_ns(), 0u) << visit.point << '#' << nth;
      ASSERT_TRUE(in_nmi == 0 || in_nmi == error(EDEADLK)) << visit.point << '#' << nth;
      ASSERT_EQ(result, 0u);
      deadlocks += in_nmi != 0;
    }
  }
  EXPECT_GT(placements, 10u);
  EXPECT_GT(deadlocks, 3u);
}

TEST(RqSpinLock, AnNmiOverAQueuedContextTriesOnce) {
  Locks locks(4);
  std::uint64_t in_nmi = 1;
  std::uint64_t ms = 0;
  for (std::uint8_t i = 0; i < 3; ++i) {
    locks.machine.lane(task(i), {[&] { return locks.section(0); }});
  }
  locks.machine.lane(task(3), {[&] { return locks.section(1); }});
  locks.machine.lane(nmi(0), {[&] {
                       in_nmi = locks.section(1);
                       ms = locks.now_ms();
                       return in_nmi;
                     }},
                     true);
  // 2 is the head of the queue for lock 0; 3 owns lock 1.
  const Decisions queued = {
      at(task(0), test_site::a, Verb::load, run(1)), at(task(1), rq::rq_spin, Verb::probe, run(2)),
      at(task(2), rq::rq_spin, Verb::probe, run(3)), at(task(3), test_site::a, Verb::load, run(2)),
      at(task(2), rq::rq_spin, Verb::probe, kNmi)};
  ASSERT_TRUE(locks.machine.run(queued));
  EXPECT_EQ(locks.machine.simulation().taken().size(), queued.size());
  EXPECT_EQ(in_nmi, error(EDEADLK));
  EXPECT_EQ(ms, 0u);
}

TEST(RqSpinLock, AWaiterThatOnlySawTheQueueIsNotWaitedFor) {
  // 2 is the last in the queue and about to take the lock. 1 sets the pending bit, sees the queue,
  // takes the bit back and then may not queue. 2 must not wait for 1 to appear behind it.
  Locks locks(4);
  std::uint64_t results[4] = {};
  for (std::uint8_t i = 0; i < 4; ++i) {
    locks.machine.lane(task(i), {[&, i] { return results[i] = locks.section(0); }});
  }
  unsigned reached = 0;
  for (unsigned seed = 0; seed < 4000; ++seed) {
    RandomDraws draws(seed);
    ASSERT_TRUE(locks.machine.run({}, &draws, 6)) << seed;
    reached += results[0] == error(EDEADLK) || results[1] == error(EDEADLK);
  }
  EXPECT_GT(reached, 100u);
}

TEST(RqSpinLock, AForcedVerdictLeavesNothingBehind) {
  for (const auto& [site, code] :
       {std::pair(rq::rq_deadlock, EDEADLK), {rq::rq_timeout, ETIMEDOUT}}) {
    Locks locks(1);
    std::uint64_t result = 0;
    locks.machine.lane(
        task(0), {[&] { return result = locks.section(0); }, [&] { return locks.section(0); }});
    ASSERT_TRUE(locks.machine.run({at(task(0), site, Verb::limit, kFail)}));
    EXPECT_EQ(result, error(code));
  }
}

/// A busy scene: an owner, a pending waiter, two in the queue, and an NMI.
struct Scene {
  explicit Scene(Cpus::Mode mode = Cpus::Mode::queue) : locks(4, mode) {
    const auto section = [this](unsigned index) {
      return [this, index] { return locks.section(index); };
    };
    const auto nested = [this](unsigned outer, unsigned inner) {
      return [this, outer, inner] { return locks.nested(outer, inner); };
    };
    const auto nested_irqsave = [this](unsigned outer, unsigned inner) {
      return [this, outer, inner] {
        return locks.irqs_off([&] { return locks.nested(outer, inner); });
      };
    };
    TestMachine& machine = locks.machine;
    machine.lane(task(0), {nested(0, 1), nested_irqsave(3, 2)});
    machine.lane(task(1), {section(0), nested(1, 2)});
    machine.lane(task(2), {nested(1, 0), nested_irqsave(1, 3)});
    machine.lane(task(3), {section(0), nested(2, 0), nested_irqsave(3, 0)});
    machine.lane(nmi(0), {section(0), nested(2, 1), section(3)}, true);
    machine.lane({LaneKind::irq, 0}, {section(3)}, true);
    machine.lane({LaneKind::reentry, 0}, {nested(0, 2)}, true);
  }
  void expect_clean(const Decisions& decisions, const char* what) {
    ASSERT_TRUE(locks.machine.run(decisions))
        << what << ": " << locks.machine.simulation().verdict()->rule << ", found "
        << locks.machine.simulation().verdict()->found;
  }
  Locks locks;
};

/// 0 owns lock 0, 1 is pending, 3 and 2 queue.
const Decisions kContention = {at(task(0), test_site::a, Verb::load, run(1)),
                               at(task(1), rq::rq_spin, Verb::probe, run(3)),
                               at(task(3), rq::rq_spin, Verb::probe, run(2))};

TEST(RqSpinLock, SurvivesEachSingleFailureNmiAndStall) {
  Scene scene;
  TestMachine& machine = scene.locks.machine;
  machine.simulation().collect_visits(true);
  scene.expect_clean(kContention, "contention");
  const std::vector<VisitCount> visits = machine.simulation().visits();
  machine.simulation().collect_visits(false);
  unsigned taken = 0;
  for (const VisitCount& visit : visits) {
    for (std::uint16_t nth = 1; nth <= visit.count; ++nth) {
      for (const Action& action : {kFail, kNmi, kStall, Action{ActionKind::fail_sticky, {}, 0}}) {
        Decisions decisions = kContention;
        decisions.push_back({visit.where, visit.point, nth, action});
        ASSERT_NO_FATAL_FAILURE(scene.expect_clean(decisions, "one more decision"))
            << visit.point << '#' << nth;
        taken += machine.simulation().taken().size() > kContention.size();
      }
    }
  }
  EXPECT_GT(taken, 500u);
}

TEST(RqSpinLock, SurvivesRandomWalks) {
  Scene scene;
  for (unsigned seed = 0; seed < 20'000; ++seed) {
    RandomDraws draws(seed);
    ASSERT_TRUE(scene.locks.machine.run({}, &draws, 3 + seed % 20))
        << seed << ": " << scene.locks.machine.simulation().verdict()->rule << ", found "
        << scene.locks.machine.simulation().verdict()->found;
    ASSERT_LT(scene.locks.now_ms(), 5000u);
  }
}

TEST(RqSpinLock, TestAndSetSurvivesRandomWalks) {
  for (const bool up : {false, true}) {
    Scene scene(Cpus::Mode::test_and_set);
    scene.locks.machine.config.smp = !up;
    if (up) scene.locks.machine.config.cpus = 1;
    for (unsigned seed = 0; seed < 3000; ++seed) {
      RandomDraws draws(seed);
      ASSERT_TRUE(scene.locks.machine.run({}, &draws, 3 + seed % 20))
          << seed << ": " << scene.locks.machine.simulation().verdict()->rule;
    }
  }
}

TEST(RqSpinLock, TestAndSetTimesOutAfterASecond) {
  Locks locks(2, Cpus::Mode::test_and_set);
  std::uint64_t result = 0;
  locks.machine.lane(task(0), {[&] { return locks.section(0); }});
  locks.machine.lane(task(1), {[&] {
                       result = locks.section(0);
                       EXPECT_EQ(locks.now_ms(), 1000u);
                       return result;
                     }});
  ASSERT_TRUE(locks.machine.run({at(task(0), test_site::a, Verb::load, kStall)}));
  EXPECT_EQ(result, error(ETIMEDOUT));
}

TEST(RqSpinLock, IsSoundUnderExhaustiveDecisions) {
  Locks locks(2);
  locks.machine.lane(task(0), {[&] { return locks.section(0); }});
  locks.machine.lane(task(1), {[&] { return locks.section(0); }});
  locks.machine.lane(nmi(0), {[&] { return locks.section(0); }}, true);
  ExhaustiveDraws draws(20);
  unsigned runs = 0;
  do {
    ASSERT_TRUE(locks.machine.run({}, &draws, 1)) << locks.machine.simulation().verdict()->rule;
    ++runs;
  } while (draws.next() && runs < 200'000);
  EXPECT_GT(runs, 10'000u);
}

TEST(RqSpinLock, RunsTheSameTwice) {
  Scene scene;
  for (unsigned seed = 0; seed < 200; ++seed) {
    RandomDraws first(seed);
    (void)scene.locks.machine.run({}, &first, 6);
    const std::uint64_t digest = scene.locks.machine.digest();
    const Decisions taken = scene.locks.machine.simulation().taken();
    (void)scene.locks.machine.run(taken);
    ASSERT_EQ(scene.locks.machine.digest(), digest);
  }
}

TEST(RqSpinLock, IrqsaveRestoresOnFailure) {
  Locks locks(1);
  locks.machine.lane(task(0), {[&] {
                       machine::IrqState outer;
                       machine::IrqState inner;
                       EXPECT_EQ(locks.lock(0).lock_irqsave(outer), 0);
                       EXPECT_TRUE(Sim::irqs_disabled());
                       EXPECT_EQ(locks.lock(0).lock_irqsave(inner), -EDEADLK);
                       EXPECT_TRUE(Sim::irqs_disabled());
                       locks.lock(0).unlock_irqrestore(outer);
                       EXPECT_FALSE(Sim::irqs_disabled());
                       EXPECT_TRUE(Sim::preemptible());
                       return 0;
                     }});
  ASSERT_TRUE(locks.machine.run());
  locks.machine.lane(task(0), {[&] {
                       machine::IrqState state;
                       EXPECT_EQ(locks.lock(0).lock_irqsave(state), -ETIMEDOUT);
                       EXPECT_FALSE(Sim::irqs_disabled());
                       return 0;
                     }});
  ASSERT_TRUE(locks.machine.run({at(task(0), rq::rq_timeout, Verb::limit, kFail)}));
}

TEST(RqSpinLock, ReportsAnUnlockThatIsNotTheOwners) {
  const std::function<void(Locks&)> mistakes[] = {
      [](Locks& locks) { locks.lock(0).unlock(); },
      [](Locks& locks) {
        (void)locks.take(0);
        (void)locks.take(1);
        locks.give(0);
      },
  };
  for (const auto& mistake : mistakes) {
    Locks locks(1);
    locks.machine.lane(task(0), {[&] {
                         mistake(locks);
                         return 0;
                       }});
    ASSERT_FALSE(locks.machine.run());
    EXPECT_EQ(locks.machine.simulation().verdict()->kind, VerdictKind::lock_state);
  }
}

}  // namespace
}  // namespace anyctx::inject
