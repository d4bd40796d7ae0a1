// Grace periods on the simulated machine: readers in every context, callbacks, cookies, barriers.
#include <gtest/gtest.h>

#include <optional>

#include "inject/choice/draws.h"
#include "lib/defer/tasks_trace.h"
#include "tests/sim/machine.h"

namespace anyctx::inject {
namespace {

using machine::point;
using machine::Verb;
using Word = machine::Atomic<Sim, std::uint64_t, test_site::a>;
using Head = defer::RcuHead<Sim>;
namespace site = defer::site;

constexpr std::span<const machine::SiteInfo> kTables[] = {
    machine::kOperationTable, site::kTable, site::kWorkTable, site::kGraceTable, test_site::kTable};

[[noreturn]] void stop(const char* rule, const char* found) {
  Simulation::current().stop(VerdictKind::grace_period, rule, "so", found);
}

struct Bed;
struct Thing {
  Head head;  // first
  defer::LlistNode node{};
  Bed* bed = nullptr;
  bool gone = false;
  bool handed = false;  // handing in is over
  std::uint64_t cookie = 0;
  std::uint64_t rcu_cookie = 0;
};

/// Things that are published, found by readers, replaced, and gone after a grace period.
struct Bed {
  static constexpr unsigned kThings = 12;
  enum class Kind { rcu, srcu, trace };

  explicit Bed(Kind kind, unsigned cpus = 2) : kind(kind) {
    machine.config.sites = kTables;
    machine.config.cpus = cpus;
    machine.setup = [this] { setup(); };
    machine.check = [this] {
      if (!rcu->peek_idle() || !srcu->peek_idle()) stop("nothing waits at the end", "something");
      if (called != retired) stop("each callback is called once", "a difference");
    };
  }
  void setup() {
    rcu.emplace().init();
    srcu.emplace().init(*rcu);
    trace.emplace(*srcu);
    for (auto& thing : things) thing.emplace();
    for (auto& task : tasks) task.nesting.init(0);
    published.init(0);
    next = 1;
    retired = called = 0;
  }

  /// A reader that looks twice, on behalf of the task that runs here.
  std::uint64_t read() {
    const SimTask& current = Simulation::current().task();
    const bool is_task = current.lane.kind == LaneKind::task;
    defer::TraceReader<Sim>& task = tasks[is_task ? current.lane.index : 4 + current.cpu];
    if (kind == Kind::rcu) {
      const auto token = rcu->read_lock();
      look();
      rcu->read_unlock(token);
    } else if (kind == Kind::srcu) {
      const auto token = srcu->read_lock();
      look();
      srcu->read_unlock(token);
    } else {
      const auto token = trace->read_lock(task);
      look();
      const auto inner = trace->read_lock(task);
      trace->read_unlock(task, inner);
      look();
      trace->read_unlock(task, token);
    }
    return 0;
  }
  void look() {
    const Thing& found = *things[published.load()];
    for (unsigned i = 0; i < 2; ++i) {
      Sim::probe(test_site::probe);
      if (found.gone) stop("what a reader found stays until it leaves", "gone");
    }
  }

  /// Publishes another thing and hands the last one in. Every context.
  std::uint64_t replace(bool by_node = false) {
    if (next == kThings) return 0;
    const std::uint64_t mine = next++;
    Thing& old = *things[published.exchange(mine)];
    old.bed = this;
    ++retired;
    old.rcu_cookie = rcu->snapshot();
    old.cookie = kind == Kind::rcu ? old.rcu_cookie : srcu->snapshot();
    if (by_node) {
      kind == Kind::rcu ? rcu->release_later(&old.node) : srcu->release_later(&old.node);
    } else {
      const auto gone = [](Head* head) { reinterpret_cast<Thing*>(head)->bed->go(head); };
      kind == Kind::rcu ? rcu->call(&old.head, gone) : srcu->call(&old.head, gone);
    }
    old.handed = true;
    return mine;
  }
  void go(Head* head) { end(*reinterpret_cast<Thing*>(head)); }
  static void release(void* bed, defer::LlistNode* node) {
    static_cast<Bed*>(bed)->end(
        *reinterpret_cast<Thing*>(reinterpret_cast<std::byte*>(node) - offsetof(Thing, node)));
  }
  void end(Thing& thing) {
    ++called;
    if (thing.gone) stop("a callback is called once", "twice");
    if (!rcu->is_over(thing.rcu_cookie)) stop("every grace period contains one of RCU", "none");
    if (kind != Kind::rcu && !srcu->is_over(thing.cookie))
      stop("cookies and callbacks agree", "no");
    thing.gone = true;
  }
  std::uint64_t barrier() {
    std::uint32_t before = 0;
    for (unsigned i = 0; i < kThings; ++i) before |= std::uint32_t{things[i]->handed} << i;
    kind == Kind::rcu ? rcu->barrier() : srcu->barrier();
    for (unsigned i = 0; i < kThings; ++i) {
      if ((before >> i & 1) != 0 && !things[i]->gone) {
        stop("a barrier waits for what was handed in before", "not yet called");
      }
    }
    return 0;
  }
  std::uint64_t synchronize() {
    if (next == kThings) return 0;
    Thing& old = *things[published.exchange(next++)];
    kind == Kind::rcu ? rcu->synchronize() : srcu->synchronize();
    old.gone = true;
    return 0;
  }

  const Kind kind;
  TestMachine machine;
  std::optional<defer::Rcu<Sim>> rcu;
  std::optional<defer::SrcuFast<Sim>> srcu;
  std::optional<defer::TasksTrace<Sim>> trace;
  std::optional<Thing> things[kThings];
  defer::TraceReader<Sim> tasks[8];
  Word published;
  std::uint64_t next = 1;
  unsigned retired = 0;
  unsigned called = 0;
};

class Grace : public ::testing::TestWithParam<Bed::Kind> {};

TEST_P(Grace, HoldsUnderRandomSchedules) {
  Bed bed(GetParam());
  const auto setup = bed.machine.setup;
  bed.machine.setup = [&] {
    setup();
    bed.rcu->set_release(Bed::release, &bed);
    bed.srcu->set_release(Bed::release, &bed);
  };
  bed.machine.lane(task(0), {[&] { return bed.read(); }, [&] { return bed.replace(); },
                             [&] { return bed.read(); }, [&] { return bed.barrier(); }});
  bed.machine.lane(task(1), {[&] { return bed.replace(true); }, [&] { return bed.read(); },
                             [&] { return bed.synchronize(); }, [&] { return bed.replace(); }});
  bed.machine.lane(task(2), {[&] { return bed.read(); }, [&] { return bed.read(); }});
  bed.machine.lane(nmi(0), {[&] { return bed.read(); }, [&] { return bed.replace(true); }});
  for (unsigned seed = 0; seed < 4000; ++seed) {
    RandomDraws draws(seed);
    ASSERT_TRUE(bed.machine.run({}, &draws, 2 + seed % 9))
        << seed << ": " << bed.machine.simulation().verdict()->rule << ", "
        << bed.machine.simulation().verdict()->found;
    ASSERT_EQ(bed.called, bed.retired);
  }
}

/// The last reader to leave sees to the rest, if nobody else comes.
TEST_P(Grace, EndsByItself) {
  Bed bed(GetParam());
  bed.machine.lane(task(0), {[&] { return bed.read(); }});
  bed.machine.lane(task(1), {[&] { return bed.replace(); }});
  for (unsigned seed = 0; seed < 2000; ++seed) {
    RandomDraws draws(seed);
    ASSERT_TRUE(bed.machine.run({}, &draws, 2 + seed % 9)) << seed;
    ASSERT_EQ(bed.called, 1u);
  }
}

/// A reader that is inside holds the grace period up, wherever it is.
TEST_P(Grace, WaitsForAReaderThatStandsStill) {
  Bed bed(GetParam());
  bool seen_gone = true;
  bed.machine.lane(task(0), {[&] { return bed.read(); }});
  bed.machine.lane(task(1), {[&] { return bed.replace(); },
                             [&] {
                               seen_gone = bed.things[0]->gone;
                               return bed.barrier();
                             }});
  const Decision decision{
      {task(0), 0, 0}, point(test_site::probe, Verb::probe), 1, {ActionKind::run, task(1), 0}};
  ASSERT_TRUE(bed.machine.run({decision}));
  EXPECT_FALSE(seen_gone);
  EXPECT_TRUE(bed.things[0]->gone);
}

TEST_P(Grace, AHeadThatWaitsIsNotTakenTwice) {
  Bed bed(GetParam());
  bed.machine.lane(task(0), {[&] {
                     const auto nothing = [](Head*) {};
                     bed.rcu->call(&bed.things[0]->head, nothing);
                     bed.rcu->call(&bed.things[0]->head, nothing);
                     return 0;
                   }});
  ASSERT_FALSE(bed.machine.run());
  EXPECT_EQ(bed.machine.simulation().verdict()->kind, VerdictKind::double_free);
}

TEST_P(Grace, CookiesNameTheNextGracePeriod) {
  Bed bed(GetParam());
  bool early = true;
  bool late = false;
  bed.machine.lane(task(0), {[&] {
                               const auto cookie = bed.rcu->request();
                               const auto token = bed.rcu->read_lock();
                               early = bed.rcu->is_over(cookie);
                               bed.rcu->read_unlock(token);
                               return 0;
                             },
                             [&] {
                               const auto cookie = bed.rcu->snapshot();
                               bed.rcu->synchronize();
                               late = bed.rcu->is_over(cookie);
                               return 0;
                             }});
  ASSERT_TRUE(bed.machine.run());
  EXPECT_FALSE(early);
  EXPECT_TRUE(late);
}

INSTANTIATE_TEST_SUITE_P(Flavours, Grace,
                         ::testing::Values(Bed::Kind::rcu, Bed::Kind::srcu, Bed::Kind::trace));

}  // namespace
}  // namespace anyctx::inject
