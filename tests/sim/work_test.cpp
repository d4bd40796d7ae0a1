// Deferred work on the simulated machine: coalescing, waiting, taking back, and who runs it when.
#include "lib/defer/workqueue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "inject/choice/draws.h"
#include "lib/defer/irq_work.h"
#include "lib/sync/spinlock.h"
#include "tests/sim/machine.h"

namespace anyctx::inject {
namespace {

using machine::point;
using machine::Verb;
using Word = machine::Atomic<Sim, std::uint64_t, test_site::a>;
namespace site = defer::site;

constexpr std::span<const machine::SiteInfo> kTables[] = {machine::kOperationTable, site::kTable,
                                                          site::kWorkTable, test_site::kTable};
constexpr Lane worker(std::uint8_t index) {
  return {LaneKind::worker, index};
}

/// A work that copies what was published, and judges that it never runs twice at the same time.
struct Bed {
  explicit Bed(unsigned cpus) {
    machine.config.sites = kTables;
    machine.config.cpus = cpus;
    machine.setup = [this] {
      work.emplace();
      work->init([](void* bed) { static_cast<Bed*>(bed)->run(); }, this);
      published.init(0);
      seen = runs = busy = requeues = 0;
      begun_after_last = true;
    };
    machine.check = [this] {
      if (!work->idle()) stop("the work is idle at the end", "not idle");
      if (!begun_after_last) stop("a run begins after the last call of schedule()", "none");
    };
  }
  [[noreturn]] static void stop(const char* rule, const char* found) {
    Simulation::current().stop(VerdictKind::no_progress, rule, "so", found);
  }
  void run() {
    if (busy++ != 0) stop("a work does not run twice at the same time", "twice");
    begun_after_last = true;
    ++runs;
    seen = published.load();
    middle.store(1);
    if (requeues > 0) {
      --requeues;
      schedule();
    }
    --busy;
  }
  std::uint64_t schedule() {
    published.fetch_add(1);
    begun_after_last = false;
    const bool queued = work->schedule();
    calls += queued;
    return queued;
  }

  TestMachine machine;
  std::optional<defer::Work<Sim>> work;
  Word published;
  Word middle;
  std::uint64_t seen = 0;
  unsigned runs = 0;
  unsigned calls = 0;
  unsigned busy = 0;
  unsigned requeues = 0;
  bool begun_after_last = true;
};

Decision at(Lane lane, std::uint8_t op, machine::PointId p, Action action, std::uint16_t nth = 1) {
  return {{lane, op, 0}, p, nth, action};
}

TEST(Work, RunsAfterTheOperationInTaskContext) {
  Bed bed(1);
  std::uint64_t seen_by_next = 0;
  bed.machine.lane(task(0), {[&] { return bed.schedule(); },
                             [&] {
                               seen_by_next = bed.seen;
                               return bed.schedule();
                             }});
  ASSERT_TRUE(bed.machine.run());
  EXPECT_EQ(seen_by_next, 1u);
  EXPECT_EQ(bed.runs, 2u);
  EXPECT_EQ(bed.seen, 2u);
}

TEST(Work, MaySleep) {
  Bed bed(2);
  sync::Mutex<Sim, test_site::lock_a> mutex;
  defer::Work<Sim> sleeper;
  struct Owner {
    sync::Mutex<Sim, test_site::lock_a>* mutex;
    bool preemptible;
  } owner{&mutex, false};
  sleeper.init(
      [](void* o) {
        auto* own = static_cast<Owner*>(o);
        own->preemptible = Sim::preemptible() && Sim::context() == machine::Context::task;
        Sim::might_sleep(test_site::probe);
        own->mutex->lock();
        own->mutex->unlock();
      },
      &owner);
  bed.machine.lane(task(0), {[&] {
                     mutex.lock();
                     (void)sleeper.schedule();
                     mutex.unlock();
                     return 0;
                   }});
  bed.machine.lane(task(1), {[&] {
                     (void)sleeper.schedule();
                     sleeper.flush();
                     return 0;
                   }});
  for (unsigned seed = 0; seed < 500; ++seed) {
    RandomDraws draws(seed);
    ASSERT_TRUE(bed.machine.run({}, &draws, 3)) << bed.machine.simulation().verdict()->rule;
    ASSERT_TRUE(owner.preemptible);
    ASSERT_TRUE(sleeper.idle());
  }
}

/// As another worker of the CPU would do in the kernel.
TEST(Work, GoesOnWhileAWorkerSleeps) {
  Bed bed(1);
  struct Waiting {
    Bed* bed;
    unsigned runs_at_return;
  } waiting{&bed, 0};
  std::optional<defer::Work<Sim>> sleeper;
  const auto setup = bed.machine.setup;
  bed.machine.setup = [&] {
    setup();
    waiting.runs_at_return = 0;
    sleeper.emplace();
    sleeper->init(
        [](void* w) {
          auto* own = static_cast<Waiting*>(w);
          own->bed->schedule();
          own->bed->work->flush();
          own->runs_at_return = own->bed->runs;
        },
        &waiting);
  };
  bed.machine.lane(task(0), {[&] {
                     (void)sleeper->schedule();
                     sleeper->flush();
                     return waiting.runs_at_return;
                   }});
  for (unsigned seed = 0; seed < 200; ++seed) {
    RandomDraws draws(seed);
    ASSERT_TRUE(bed.machine.run({}, &draws, 3)) << bed.machine.simulation().verdict()->rule;
    ASSERT_EQ(waiting.runs_at_return, 1u);
  }
}

TEST(Work, OneRunServesAllWhoAskedBeforeIt) {
  Bed bed(1);
  bed.machine.lane(task(0), {[&] {
                     EXPECT_EQ(bed.schedule(), 1u);
                     EXPECT_EQ(bed.schedule(), 0u);
                     EXPECT_EQ(bed.schedule(), 0u);
                     return 0;
                   }});
  ASSERT_TRUE(bed.machine.run());
  EXPECT_EQ(bed.runs, 1u);
  EXPECT_EQ(bed.seen, 3u);
}

TEST(Work, CanBeDelayed) {
  Bed bed(1);
  std::vector<unsigned> runs;
  runs.reserve(4);
  const auto look = [&] {
    runs.push_back(bed.runs);
    return 0;
  };
  bed.machine.lane(task(0), {[&] { return bed.schedule(); }, look, look, look});
  const auto raise = point(site::work, Verb::raise);
  ASSERT_TRUE(bed.machine.run({at(task(0), 0, raise, {ActionKind::delay, {}, 3})}));
  EXPECT_EQ(runs, (std::vector<unsigned>{0, 0, 1}));
  runs.clear();
  ASSERT_TRUE(bed.machine.run({at(task(0), 0, raise, {ActionKind::delay, {}, 0})}));
  EXPECT_EQ(runs, (std::vector<unsigned>{0, 0, 0}));
  EXPECT_EQ(bed.runs, 1u);
}

TEST(Work, AWorkerCanBeRunInTheMiddleOfAnOperationAndLeft) {
  Bed bed(2);
  std::vector<unsigned> order;
  order.reserve(4);
  bed.machine.lane(task(0), {[&] {
                     bed.schedule();
                     order.push_back(bed.busy + 10 * bed.runs);
                     bed.middle.store(2);
                     order.push_back(bed.busy + 10 * bed.runs);
                     return 0;
                   }});
  // The worker begins before the second store, and stops in its middle.
  const auto store = point(test_site::a, Verb::store);
  ASSERT_TRUE(bed.machine.run({at(task(0), 0, store, {ActionKind::run, worker(0), 0}),
                               at(worker(0), 0, store, {ActionKind::run, task(0), 0})}));
  EXPECT_EQ(order, (std::vector<unsigned>{0, 11}));
  EXPECT_EQ(bed.runs, 1u);
}

TEST(Work, NeedsAnIrqWorkInAnNmi) {
  Bed bed(1);
  bed.machine.lane(task(0), {[&] { return bed.middle.load(); }});
  bed.machine.lane(nmi(0), {[&] { return bed.schedule(); }});
  ASSERT_FALSE(bed.machine.run(
      {at(task(0), 0, point(test_site::a, Verb::load), {ActionKind::enter, nmi(0), 0})}));
  EXPECT_EQ(bed.machine.simulation().verdict()->kind, VerdictKind::forbidden_action);
}

/// NMI: publish and raise; interrupt: schedule; worker: take. As the arena frees.
TEST(Work, ARunFollowsTheLastRequest) {
  Bed bed(2);
  defer::IrqWork<Sim> irq[2];
  std::uint64_t raised = 0;  // every request up to this number was published before some raise
  const auto setup = bed.machine.setup;
  bed.machine.setup = [&] {
    setup();
    raised = 0;
    for (unsigned cpu = 0; cpu < 2; ++cpu) {
      irq[cpu].init([](void* b, unsigned) { static_cast<Bed*>(b)->work->schedule(); }, &bed, cpu);
    }
  };
  const auto request = [&]() -> std::uint64_t {
    const std::uint64_t value = bed.published.fetch_add(1) + 1;
    bed.begun_after_last = false;
    const bool queued = irq[Sim::cpu()].queue();
    raised = std::max(raised, value);
    return queued;
  };
  bed.machine.lane(task(0), {request, request, request});
  bed.machine.lane(task(1), {request, [&]() -> std::uint64_t {
                               const std::uint64_t before = raised;
                               for (auto& one : irq) one.sync();
                               bed.work->flush();
                               if (bed.seen < before)
                                 Bed::stop("flush() waits", "a run outstanding");
                               return 0;
                             }});
  bed.machine.lane(nmi(0), {request});
  unsigned requests = 0;
  for (unsigned seed = 0; seed < 5000; ++seed) {
    RandomDraws draws(seed);
    ASSERT_TRUE(bed.machine.run({}, &draws, 2 + seed % 10))
        << seed << ": " << bed.machine.simulation().verdict()->rule;
    ASSERT_EQ(bed.seen, bed.published.peek());
    ASSERT_LE(bed.runs, bed.published.peek());
    requests += static_cast<unsigned>(bed.published.peek());
  }
  EXPECT_GT(requests, 20'000u);
}

TEST(Work, SchedulesFromEverywhereAtOnce) {
  Bed bed(3);
  const auto schedule = [&] { return bed.schedule(); };
  const auto flush = [&]() -> std::uint64_t {
    const std::uint64_t before = bed.published.load();
    bed.schedule();
    bed.work->flush();
    if (bed.seen <= before) Bed::stop("flush() waits for what was asked for before it", "less");
    return 0;
  };
  const auto setup = bed.machine.setup;
  bed.machine.setup = [&] {
    setup();
    bed.requeues = 2;
  };
  bed.machine.lane(task(0), {schedule, flush, schedule});
  bed.machine.lane(task(1), {flush, schedule});
  bed.machine.lane(task(2), {schedule, schedule, flush});
  for (unsigned seed = 0; seed < 10'000; ++seed) {
    RandomDraws draws(seed);
    ASSERT_TRUE(bed.machine.run({}, &draws, 2 + seed % 10))
        << seed << ": " << bed.machine.simulation().verdict()->rule;
    ASSERT_EQ(bed.seen, bed.published.peek());
  }
}

TEST(Work, FlushDoesNotWaitForRunsThatAskForMore) {
  Bed bed(2);
  unsigned runs_at_return = 0;
  const auto setup = bed.machine.setup;
  bed.machine.setup = [&] {
    setup();
    bed.requeues = 1000;
  };
  bed.machine.lane(task(0), {[&] {
                     bed.schedule();
                     bed.work->flush();
                     runs_at_return = bed.runs;
                     bed.requeues = 0;
                     return 0;
                   }});
  RandomDraws draws(3);
  ASSERT_TRUE(bed.machine.run(
      {at(worker(0), 0, point(site::work_state, Verb::cas), {ActionKind::run, task(0), 0}, 4)}));
  EXPECT_GE(runs_at_return, 1u);
  EXPECT_LE(runs_at_return, 1001u);
}

TEST(Work, FlushesWhileTearingDown) {
  Bed bed(1);
  const auto check = bed.machine.check;
  bed.machine.check = [&] {
    bed.schedule();
    bed.work->flush();
    check();
  };
  bed.machine.lane(task(0), {[&] { return 0; }});
  ASSERT_TRUE(bed.machine.run());
  EXPECT_EQ(bed.runs, 1u);
}

TEST(Work, CancelLeavesItIdle) {
  Bed bed(2);
  unsigned taken_back = 0;
  bool done = false;
  const auto setup = bed.machine.setup;
  bed.machine.setup = [&] {
    setup();
    done = false;
  };
  bed.machine.lane(task(0), {[&] { return bed.work->schedule(); },
                             [&] {
                               taken_back += bed.work->cancel_sync();
                               done = true;
                               if (!bed.work->idle()) Bed::stop("idle after cancel_sync()", "not");
                               return 0;
                             }});
  bed.machine.lane(task(1), {[&]() -> std::uint64_t {
                               if (!done) (void)bed.work->schedule();
                               return 0;
                             },
                             [&]() -> std::uint64_t {
                               if (!done) bed.work->flush();
                               return 0;
                             }});
  for (unsigned seed = 0; seed < 5000; ++seed) {
    RandomDraws draws(seed);
    // The second task may schedule after the first one cancelled: that run is its own affair.
    ASSERT_TRUE(bed.machine.run({}, &draws, 2 + seed % 10))
        << seed << ": " << bed.machine.simulation().verdict()->rule;
  }
  EXPECT_GT(taken_back, 50u);
}

/// The workers, whose functions never return, are gone then.
TEST(Work, IsDoneByWhoeverWaitsOnceTheRunIsOver) {
  Bed bed(2);
  unsigned before = 0;
  bed.machine.lane(task(0), {[&] { return bed.schedule(); }, [] { return 0; }});
  bed.machine.check = [&] {
    before = bed.runs;
    bed.requeues = 1;
    (void)bed.work->schedule();
    bed.work->flush();
  };
  ASSERT_TRUE(bed.machine.run());
  EXPECT_EQ(before, 1u);
  EXPECT_EQ(bed.runs, 3u);
}

/// A work that is queued on two CPUs can run on both at once.
TEST(IrqWork, SyncWaitsForEveryRun) {
  struct Owner {
    Word middle;
    unsigned inside = 0;
    unsigned most = 0;
  } owner;
  std::optional<defer::IrqWork<Sim>> irq;
  unsigned queued = 0;
  unsigned judged = 0;
  TestMachine machine;
  machine.config.sites = kTables;
  machine.config.cpus = 3;
  machine.setup = [&] {
    irq.emplace();
    irq->init(
        [](void* o, unsigned) {
          auto* own = static_cast<Owner*>(o);
          own->most = std::max(own->most, ++own->inside);
          for (int i = 0; i < 4; ++i) own->middle.store(1);
          --own->inside;
        },
        &owner, 0);
    owner.inside = queued = 0;
  };
  const auto queue = [&] {
    irq->queue();
    return ++queued;
  };
  machine.lane(task(0), {queue});
  machine.lane(task(1), {queue});
  machine.lane(task(2), {[&]() -> std::uint64_t {
                 if (queued != 2) return 0;
                 irq->sync();
                 if (owner.inside != 0) Bed::stop("nothing runs after sync()", "it does");
                 return ++judged;
               }});
  for (unsigned seed = 0; seed < 5000; ++seed) {
    RandomDraws draws(seed);
    ASSERT_TRUE(machine.run({}, &draws, 2 + seed % 4))
        << seed << ": " << machine.simulation().verdict()->rule;
  }
  EXPECT_EQ(owner.most, 2u);
  EXPECT_GT(judged, 100u);
}

/// Its memory was given back before it has run, and has become something else.
TEST(IrqWork, IsThereUntilItHasRun) {
  TestMachine machine;
  machine.config.sites = kTables;
  machine.config.cpus = 1;
  machine::IrqLine line;
  machine.setup = [&] { line.run = [](machine::IrqLine*) {}; };
  bool ends_early = false;
  machine.lane(task(0), {[&]() -> std::uint64_t {
                 const machine::IrqState state = Sim::irq_save();
                 Sim::raise(site::irq_work, &line);
                 if (ends_early) line.run = nullptr;
                 Sim::irq_restore(state);
                 return 0;
               }});
  EXPECT_TRUE(machine.run({}));
  ends_early = true;
  ASSERT_FALSE(machine.run({}));
  EXPECT_EQ(machine.simulation().verdict()->kind, VerdictKind::use_after_destroy);
}

}  // namespace
}  // namespace anyctx::inject
