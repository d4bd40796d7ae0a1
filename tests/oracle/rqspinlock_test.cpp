// Each oracle of the rqspinlock target fires: locks that misbehave in one way, and the verdict.
#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <optional>
#include <ostream>

#include "fuzzers/targets/rqspinlock_sites.h"
#include "fuzzers/targets/rqspinlock_target.h"
#include "fuzzers/targets/rqspinlock_world.h"
#include "inject/sim/sim_machine.h"
#include "lib/sync/sites.h"
#include "tests/oracle/crimes.h"

namespace anyctx::target {
namespace {

using inject::Sim;
using inject::VerdictKind;
using machine::IrqState;

/// Does as the honest locks do, but where a function is set. It is given the honest ones.
class RogueLocks final : public RqSpinLockSubject, private RqsInspector {
 public:
  RogueLocks() : honest_(make_own_rqspinlock_subject()) {}

  std::function<int(RqSpinLockSubject&, unsigned lock)> on_lock;
  std::function<int(RqSpinLockSubject&, unsigned lock, IrqState&)> on_lock_irqsave;
  std::function<void(RqSpinLockSubject&, unsigned lock)> on_unlock;
  std::function<void(RqSpinLockSubject&, unsigned lock, IrqState)> on_unlock_irqrestore;
  std::function<void(RqsWord&)> change_word;
  std::function<void(unsigned&)> change_held;
  std::function<void(unsigned&)> change_nodes;
  RqsStrictness promises;

  void reset(const RqsOptions& options) override { honest_->reset(options); }
  const RqsInspector& inspector() const override { return *this; }
  RqsStrictness strictness() const override { return promises; }
  int raw_res_spin_lock(unsigned lock) override {
    return on_lock ? on_lock(*honest_, lock) : honest_->raw_res_spin_lock(lock);
  }
  void raw_res_spin_unlock(unsigned lock) override {
    on_unlock ? on_unlock(*honest_, lock) : honest_->raw_res_spin_unlock(lock);
  }
  int raw_res_spin_lock_irqsave(unsigned lock, IrqState& flags) override {
    return on_lock_irqsave ? on_lock_irqsave(*honest_, lock, flags)
                           : honest_->raw_res_spin_lock_irqsave(lock, flags);
  }
  void raw_res_spin_unlock_irqrestore(unsigned lock, IrqState flags) override {
    on_unlock_irqrestore ? on_unlock_irqrestore(*honest_, lock, flags)
                         : honest_->raw_res_spin_unlock_irqrestore(lock, flags);
  }

 private:
  RqsWord word(unsigned lock) const override {
    RqsWord word = honest_->inspector().word(lock);
    if (change_word) change_word(word);
    return word;
  }
  unsigned held(unsigned cpu) const override {
    unsigned held = honest_->inspector().held(cpu);
    if (change_held) change_held(held);
    return held;
  }
  unsigned queue_nodes(unsigned cpu) const override {
    unsigned nodes = honest_->inspector().queue_nodes(cpu);
    if (change_nodes) change_nodes(nodes);
    return nodes;
  }

  std::unique_ptr<RqSpinLockSubject> honest_;
};

const std::string kHead = "anyctx 1 target=rqspinlock\n";
const std::string kOne = kHead + "task0: lock(lock0)\n";
const std::string kOneIrqsave = kHead + "task0: lock(lock0, flags=irqsave)\n";
const std::string kTwo = kHead +
                         "task0: lock(lock0, ms=20)\ntask1: lock(lock0)\n"
                         "at task0.0 section.inside#1: run task1\n";
const std::string kSame = kHead + "task0: lock2(lock0, lock0)\n";
const std::string kSameIrqsave = kHead + "task0: lock2(lock0, lock0, flags=irqsave)\n";
const std::string kPair =
    kHead + "task0: lock2(lock0, lock1, ms=1)\ntask1: lock2(lock1, lock0, ms=1)\n";
const std::string kNmi = kHead +
                         "task0: lock(lock0)\ntask1: lock(lock0)\ntask2: lock(lock0)\n"
                         "nmi0: lock(lock1)\nat task0.0 section.inside#1: run task1\n"
                         "at task1.0 rqspinlock.spin#1: run task2\n"
                         "at task2.0 rqspinlock.spin#1: nmi0\n";
const std::string kMisuse = kHead + "task0: unlock_unheld(lock0)\n";

using Crime = CrimeOf<RogueLocks>;

void pass_time(std::uint64_t ms) {
  Sim::spin_until(
      site::dwell, [] { return false; }, Sim::now_ns() + ms * 1'000'000);
}

/// Attempts on a CPU that say that a condition held, which did not.
std::function<void(RogueLocks&)> claims(unsigned cpu, machine::Site site, int result) {
  return [=](RogueLocks& rogue) {
    rogue.on_lock = [=](RqSpinLockSubject& honest, unsigned lock) {
      if (Sim::cpu() != cpu) return honest.raw_res_spin_lock(lock);
      static_cast<void>(Sim::fails(site, true));
      return result;
    };
  };
}

/// In NMIs, attempts take so much longer.
void delay_nmis(RogueLocks& rogue) {
  rogue.on_lock = [](RqSpinLockSubject& honest, unsigned lock) {
    if (Sim::context() == machine::Context::nmi) pass_time(20);
    return honest.raw_res_spin_lock(lock);
  };
}

/// Attempts of a lock that is not free take so much longer.
std::function<void(RogueLocks&)> delays(std::uint64_t ms) {
  return [=](RogueLocks& rogue) {
    rogue.on_lock = [=](RqSpinLockSubject& honest, unsigned lock) {
      if (honest.inspector().word(lock).locked) pass_time(ms);
      return honest.raw_res_spin_lock(lock);
    };
  };
}

std::vector<Crime> crimes_of_results() {
  return {
      {"unknown_code", VerdictKind::error_code, "succeeds, finds a deadlock or times out", kOne,
       [](RogueLocks& rogue) {
         rogue.on_lock = [](RqSpinLockSubject&, unsigned) { return -EBUSY; };
       }},
      {"two_owners", VerdictKind::lock_state, "one owner at a time", kTwo,
       [](RogueLocks& rogue) {
         rogue.on_lock = [](RqSpinLockSubject& honest, unsigned lock) {
           if (Sim::cpu() == 0) return honest.raw_res_spin_lock(lock);
           Sim::preempt_disable();
           return 0;
         };
       }},
      {"failure_without_a_cause", VerdictKind::spurious_failure, "has a cause", kOne,
       [](RogueLocks& rogue) {
         rogue.on_lock = [](RqSpinLockSubject&, unsigned) { return -EDEADLK; };
       }},
      {"deadlock_with_nobody", VerdictKind::spurious_failure, "a deadlock is reported", kOne,
       claims(0, sync::site::rq_deadlock, -EDEADLK)},
      {"no_queue_for_nobody", VerdictKind::spurious_failure, "a deadlock is reported", kOne,
       claims(0, sync::site::rq_no_node, -EDEADLK)},
      {"timeout_with_nobody", VerdictKind::spurious_failure, "a timeout is reported", kOne,
       claims(0, sync::site::rq_timeout, -ETIMEDOUT)},
      {"deadlock_that_is_none", VerdictKind::error_code, "a deadlock is reported", kTwo,
       claims(1, sync::site::rq_deadlock, -EDEADLK)},
      {"early_timeout", VerdictKind::error_code, "a timeout is reported", kTwo,
       claims(1, sync::site::rq_timeout, -ETIMEDOUT)},
      {"own_lock_times_out", VerdictKind::error_code, "holds or attempts already", kSame,
       [](RogueLocks& rogue) {
         rogue.on_lock = [](RqSpinLockSubject& honest, unsigned lock) {
           if (!honest.inspector().word(lock).locked) return honest.raw_res_spin_lock(lock);
           pass_time(250);
           static_cast<void>(Sim::fails(sync::site::rq_timeout, true));
           return -ETIMEDOUT;
         };
       }},
      {"misuse_passes", VerdictKind::lock_state, "is reported", kMisuse,
       [](RogueLocks& rogue) { rogue.on_unlock = [](RqSpinLockSubject&, unsigned) {}; }},
  };
}

std::vector<Crime> crimes_of_time() {
  return {
      {"waits_for_itself", VerdictKind::no_progress, "only wait for itself", kSame, delays(20)},
      {"nmi_waits_over_a_queue", VerdictKind::no_progress, "an NMI does not wait", kNmi,
       delay_nmis},
      {"waits_too_long", VerdictKind::no_progress, "is bounded", kTwo, delays(300)},
      {"pair_found_late", VerdictKind::no_progress, "find out soon", kPair, delays(20)},
      {"takes_many_steps", VerdictKind::no_progress, "does not wait is short", kOne,
       [](RogueLocks& rogue) {
         rogue.on_lock = [](RqSpinLockSubject& honest, unsigned lock) {
           for (int i = 0; i < 400; ++i) Sim::probe(site::dwell);
           return honest.raw_res_spin_lock(lock);
         };
       }},
  };
}

std::vector<Crime> crimes_of_what_is_left() {
  return {
      {"failure_keeps_preemption_off", VerdictKind::lock_state, "as they were else", kSame,
       [](RogueLocks& rogue) {
         rogue.on_lock = [](RqSpinLockSubject& honest, unsigned lock) {
           const int result = honest.raw_res_spin_lock(lock);
           if (result != 0) Sim::preempt_disable();
           return result;
         };
       }},
      {"failure_turns_interrupts_on", VerdictKind::lock_state, "as they were else", kSameIrqsave,
       [](RogueLocks& rogue) {
         rogue.on_lock_irqsave = [](RqSpinLockSubject& honest, unsigned lock, IrqState& flags) {
           const int result = honest.raw_res_spin_lock_irqsave(lock, flags);
           if (result != 0) Sim::irq_restore(IrqState::enabled);
           return result;
         };
       }},
      {"success_leaves_interrupts_on", VerdictKind::lock_state, "are off while a lock is held",
       kOneIrqsave,
       [](RogueLocks& rogue) {
         rogue.on_lock_irqsave = [](RqSpinLockSubject& honest, unsigned lock, IrqState&) {
           return honest.raw_res_spin_lock(lock);
         };
       }},
      {"release_leaves_interrupts_off", VerdictKind::lock_state, "as they were else", kOneIrqsave,
       [](RogueLocks& rogue) {
         rogue.on_unlock_irqrestore = [](RqSpinLockSubject& honest, unsigned lock, IrqState) {
           honest.raw_res_spin_unlock(lock);
         };
       }},
      {"release_leaves_the_word", VerdictKind::structure, "shows its owner", kOne,
       [](RogueLocks& rogue) { rogue.change_word = [](RqsWord& word) { word.locked = true; }; }},
      {"pending_bit_stays", VerdictKind::structure, "who waits for it", kOne,
       [](RogueLocks& rogue) { rogue.change_word = [](RqsWord& word) { word.pending = true; }; }},
      {"tail_stays", VerdictKind::structure, "who waits for it", kOne,
       [](RogueLocks& rogue) { rogue.change_word = [](RqsWord& word) { word.queued = true; }; }},
      {"entry_stays", VerdictKind::counter, "counts the locks", kOne,
       [](RogueLocks& rogue) {
         rogue.change_held = [count = 0u](unsigned& held) mutable { held = count++; };
       }},
      {"node_stays", VerdictKind::counter, "has left the queue", kOne,
       [](RogueLocks& rogue) {
         rogue.change_nodes = [count = 0u](unsigned& nodes) mutable { nodes = count++; };
       }},
      {"idle_cpu_holds", VerdictKind::counter, "idle CPU", kOne,
       [](RogueLocks& rogue) { rogue.change_held = [](unsigned& held) { ++held; }; }},
      {"idle_cpu_queues", VerdictKind::counter, "idle CPU", kOne,
       [](RogueLocks& rogue) { rogue.change_nodes = [](unsigned& nodes) { ++nodes; }; }},
  };
}

struct Court {
  using Rogue = RogueLocks;
  static engine::Target target() { return rqspinlock_target(); }
  static std::unique_ptr<engine::World> make_world(inject::Simulation& simulation,
                                                   const std::function<void(RogueLocks&)>& commit) {
    auto subject = std::make_unique<RogueLocks>();
    commit(*subject);
    return std::make_unique<RqSpinLockWorld>(simulation, std::move(subject));
  }
};

using RqsCrimes = Crimes<Court>;

TEST_P(RqsCrimes, AreFound) {
  expect_guilty(GetParam());
}

struct RqsTrial : RqsCrimes {
  using RqsCrimes::verdict;
};

TEST(RqsPromises, WhatIsNotPromisedIsNotJudged) {
  EXPECT_FALSE(RqsTrial::verdict(kMisuse, [](RogueLocks& rogue) {
    rogue.on_unlock = [](RqSpinLockSubject&, unsigned) { FAIL() << "is not asked for"; };
    rogue.promises.unlocks_are_checked = false;
  }));
  EXPECT_FALSE(RqsTrial::verdict(kNmi, [](RogueLocks& rogue) {
    delay_nmis(rogue);
    rogue.promises.nested_waiters_give_up = false;
  }));
  const auto fails = [](RogueLocks& rogue) {
    rogue.on_lock = [](RqSpinLockSubject&, unsigned) { return -EDEADLK; };
    rogue.promises.names_causes = false;
  };
  const auto verdict = RqsTrial::verdict(kOne, fails);
  ASSERT_TRUE(verdict);  // that there is no cause is seen all the same
  EXPECT_EQ(verdict->kind, VerdictKind::spurious_failure);
}

INSTANTIATE_TEST_SUITE_P(Results, RqsCrimes, ::testing::ValuesIn(crimes_of_results()),
                         name_of_crime);
INSTANTIATE_TEST_SUITE_P(Time, RqsCrimes, ::testing::ValuesIn(crimes_of_time()), name_of_crime);
INSTANTIATE_TEST_SUITE_P(Left, RqsCrimes, ::testing::ValuesIn(crimes_of_what_is_left()),
                         name_of_crime);

}  // namespace
}  // namespace anyctx::target
