// What ThreadSanitizer sees of a simulated machine: races of the code under test are reported, code
// that is right is not, whatever a machine guarantees without a lock word included.
//
// For the build with TSan only. It prints the reports that are expected here, too.
#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "fuzzers/engine/slots.h"
#include "inject/choice/draws.h"
#include "lib/defer/irq_work.h"
#include "lib/defer/llist.h"
#include "lib/machine/atomic.h"
#include "lib/machine/percpu.h"
#include "lib/sync/local_lock.h"
#include "lib/sync/spinlock.h"
#include "lib/sync/trylock_rules.h"
#include "tests/sim/machine.h"

namespace {
unsigned reports = 0;
}  // namespace

// Not instrumented: a race in here would be reported from within a report, which hangs.
extern "C" __attribute__((disable_sanitizer_instrumentation)) void __tsan_on_report(void*) {
  ++reports;
}
// Reports are what is tested here, and equal ones count.
extern "C" __attribute__((disable_sanitizer_instrumentation)) const char* __tsan_default_options() {
  return "exitcode=0:suppress_equal_stacks=0";
}

namespace anyctx::inject {
namespace {

using machine::Atomic;
using machine::point;
using machine::Verb;
using Word = Atomic<Sim, std::uint64_t, test_site::a>;
using Lock = sync::RawSpinLock<Sim, test_site::lock_a>;

constexpr Lane irq(std::uint8_t index) {
  return {LaneKind::irq, index};
}
constexpr Lane probe(std::uint8_t index) {
  return {LaneKind::reentry, index};
}

/// An operation of the code under test.
template <class F>
TestMachine::Op watched(F f) {
  return [f]() -> std::uint64_t {
    const Watched scope;
    f();
    return 0;
  };
}

/// Reports in one run. Without decisions, tasks run one after the other.
unsigned races(TestMachine& m, const Decisions& decisions = {}) {
  const unsigned before = reports;
  EXPECT_TRUE(m.run(decisions));
  return reports - before;
}

/// Reports in the run without decisions and in many random ones.
unsigned races_in_walks(TestMachine& m) {
  unsigned found = races(m);
  for (std::uint64_t seed = 0; seed < 300 && found == 0; ++seed) {
    const unsigned before = reports;
    RandomDraws draws(seed);
    EXPECT_TRUE(m.run({}, &draws, 3));
    found += reports - before;
  }
  return found;
}

/// A handler at the first load of the word in task 0.
Decision enter_at_load(Lane handler) {
  return {{task(0), 0, 0}, point(test_site::a, Verb::load), 1, {ActionKind::enter, handler, 0}};
}

// --- Between tasks -------------------------------------------------------------------------------

class Publication : public TestMachine {
 public:
  explicit Publication(std::memory_order order) {
    config.cpus = 2;
    setup = [this] {
      ready_.init(0);
      data_ = 0;
    };
    lane(task(0), {watched([this, order] {
           data_ = 1;
           ready_.store(1, order);
         })});
    lane(task(1), {watched([this] {
           if (ready_.load() != 0) data_ = 2;
         })});
  }

 private:
  Word ready_;
  std::uint64_t data_ = 0;
};

TEST(Race, RelaxedPublicationIsReported) {
  Publication m(std::memory_order_relaxed);
  EXPECT_GT(races(m), 0u);
}

TEST(Race, ReleaseAndAcquireAreSilent) {
  Publication m(std::memory_order_release);
  EXPECT_EQ(races_in_walks(m), 0u);
}

TEST(Race, IsReportedInEveryRunAlike) {
  Publication m(std::memory_order_relaxed);
  const unsigned first = races(m);
  for (unsigned i = 0; i < 20; ++i) EXPECT_EQ(races(m), first);
}

TEST(Race, UnwatchedCodeIsSilent) {
  TestMachine m;
  m.config.cpus = 2;
  Word word;
  std::uint64_t data = 0;
  const auto op = [&]() -> std::uint64_t {
    word.load();
    return ++data;
  };
  m.lane(task(0), {op});
  m.lane(task(1), {op});
  m.lane(nmi(0), {op});
  EXPECT_EQ(races_in_walks(m), 0u);
}

TEST(Race, TasksAreOrderedWithWhatRunsBeforeAndAfterThem) {
  TestMachine m;
  m.config.cpus = 2;
  std::array<std::uint64_t, 2> data{};
  m.setup = [&] {
    const Watched scope;
    data.fill(1);
  };
  m.lane(task(0), {watched([&] { ++data[0]; })});
  m.lane(task(1), {watched([&] { ++data[1]; })});
  m.check = [&] {
    const Watched scope;
    EXPECT_EQ(data[0] + data[1], 4u);
  };
  EXPECT_EQ(races_in_walks(m), 0u);
}

class SpinLocked : public ::testing::TestWithParam<bool> {};

TEST_P(SpinLocked, DataIsSilent) {
  TestMachine m;
  m.config.cpus = 2;
  m.config.rt = GetParam();
  sync::SpinLock<Sim, test_site::lock_a> lock;
  Word word;
  std::uint64_t data = 0;
  const auto op = watched([&] {
    lock.lock();
    word.load();
    ++data;
    lock.unlock();
  });
  const auto try_op = watched([&] {
    if (!lock.try_lock()) return;
    word.load();
    ++data;
    lock.unlock();
  });
  m.lane(task(0), {op, try_op});
  m.lane(task(1), {try_op, op});
  if (!GetParam()) m.lane(nmi(0), {try_op});
  EXPECT_EQ(races_in_walks(m), 0u);
}

INSTANTIATE_TEST_SUITE_P(NonRtAndRt, SpinLocked, ::testing::Bool());

TEST(Race, ALockThatOnlyOneSideTakesIsReported) {
  TestMachine m;
  m.config.cpus = 2;
  Lock lock;
  std::uint64_t data = 0;
  m.lane(task(0), {watched([&] {
           lock.lock();
           ++data;
           lock.unlock();
         })});
  m.lane(task(1), {watched([&] { ++data; })});
  EXPECT_GT(races(m), 0u);
}

// On UP a trylock in an NMI succeeds while the interrupted code holds the lock.
TEST(Race, AnUpTrylockThatProtectsNothingIsReported) {
  TestMachine m;
  m.config.smp = false;
  Lock lock;
  Word word;
  std::uint64_t data = 0;
  m.lane(task(0), {watched([&] {
           lock.lock();
           ++data;
           word.load();
           lock.unlock();
         })});
  m.lane(nmi(0), {watched([&] {
           if (!lock.try_lock()) return;
           ++data;
           lock.unlock();
         })});
  EXPECT_GT(races(m, {enter_at_load(nmi(0))}), 0u);
}

// --- Between code and what interrupts it ---------------------------------------------------------

/// A task that touches plain data before or after it is interrupted, and a handler that does, too.
class Interruption : public TestMachine {
 public:
  enum class Task { before, after };

  Interruption(Lane handler, Task when) {
    lane(task(0), {watched([this, when] {
           if (when == Task::before) ++data_;
           word_.load();
           if (when == Task::after) ++data_;
         })});
    lane(handler, {watched([this] { ++data_; })});
  }

 private:
  Word word_;
  std::uint64_t data_ = 0;
};

class Interrupted : public ::testing::TestWithParam<Lane> {};

TEST_P(Interrupted, PlainDataIsReportedInBothDirections) {
  for (const auto when : {Interruption::Task::before, Interruption::Task::after}) {
    Interruption m(GetParam(), when);
    EXPECT_GT(races(m, {enter_at_load(GetParam())}), 0u);
  }
}

TEST_P(Interrupted, AtomicsAreSilent) {
  TestMachine m;
  m.config.cpus = 2;
  Word word;
  const auto op = watched([&] {
    std::uint64_t old = word.load();
    while (!word.cas(old, old + 1)) {
    }
    word.fetch_add(1);
  });
  m.lane(task(0), {op});
  m.lane(task(1), {op});
  m.lane(GetParam(), {op});
  EXPECT_EQ(races_in_walks(m), 0u);
}

INSTANTIATE_TEST_SUITE_P(Handlers, Interrupted,
                         ::testing::Values(nmi(0), irq(0), Lane{LaneKind::softirq, 0}, probe(0)));

/// Runs `op` in two tasks of one CPU and in a handler.
unsigned races_on_one_cpu(const TestMachine::Op& op, Lane handler, bool rt = false) {
  TestMachine m;
  m.config.rt = rt;
  m.lane(task(0), {op, op});
  m.lane(task(1), {op});
  m.lane(handler, {op});
  return races_in_walks(m);
}

struct PerCpuData {
  sync::LocalLock<Sim, test_site::local> lock;
  std::uint64_t count = 0;
};

class LocalLocked : public ::testing::TestWithParam<bool> {};

TEST_P(LocalLocked, PerCpuDataIsSilent) {
  machine::PerCpu<Sim, PerCpuData> data;
  Word word;
  const auto op = watched([&] {
    PerCpuData* here = sync::local_trylock<&PerCpuData::lock>(data);
    if (here == nullptr) return;
    word.load();
    ++here->count;
    sync::local_unlock<&PerCpuData::lock>(data, here);
  });
  EXPECT_EQ(races_on_one_cpu(op, nmi(0), GetParam()), 0u);
  EXPECT_EQ(races_on_one_cpu(op, probe(0), GetParam()), 0u);
}

INSTANTIATE_TEST_SUITE_P(NonRtAndRt, LocalLocked, ::testing::Bool());

TEST(Race, MaskedInterruptsExcludeAnIrqButNotAnNmi) {
  Word word;
  std::uint64_t data = 0;
  const auto op = watched([&] {
    const machine::IrqState state = Sim::irq_save();
    ++data;
    word.load();
    Sim::irq_restore(state);
  });
  EXPECT_EQ(races_on_one_cpu(op, irq(0)), 0u);
  EXPECT_EQ(races_on_one_cpu(op, {LaneKind::softirq, 0}), 0u);
  EXPECT_GT(races_on_one_cpu(op, nmi(0)), 0u);
}

TEST(Race, DisabledPreemptionExcludesTasksButNotAnIrq) {
  Word word;
  std::uint64_t data = 0;
  const auto op = watched([&] {
    Sim::preempt_disable();
    ++data;
    word.load();
    Sim::preempt_enable();
  });
  TestMachine m;
  m.lane(task(0), {op, op});
  m.lane(task(1), {op});
  EXPECT_EQ(races_in_walks(m), 0u);
  EXPECT_GT(races_on_one_cpu(op, irq(0)), 0u);
}

TEST(Race, DisabledPreemptionDoesNotExcludeOtherCpus) {
  TestMachine m;
  m.config.cpus = 2;
  std::uint64_t data = 0;
  const auto op = watched([&] {
    Sim::preempt_disable();
    ++data;
    Sim::preempt_enable();
  });
  m.lane(task(0), {op});
  m.lane(task(1), {op});
  EXPECT_GT(races(m), 0u);
}

// --- Deferred work -------------------------------------------------------------------------------

class Deferred : public ::testing::TestWithParam<bool> {};

TEST_P(Deferred, WorkSeesWhatWasDoneBeforeItWasRaised) {
  TestMachine m;
  m.config.rt = GetParam();
  std::uint64_t data = 0;
  struct Line : machine::IrqLine {
    std::uint64_t* data;
  } line{};
  m.setup = [&] {
    line.raised = false;
    line.data = &data;
    line.run = [](machine::IrqLine* raised) { ++*static_cast<Line*>(raised)->data; };
  };
  m.lane(task(0), {watched([&] {
           data = 1;
           Sim::raise(test_site::work, &line);
         })});
  EXPECT_EQ(races_in_walks(m), 0u);
}

TEST_P(Deferred, WorkThatRunsMeanwhileIsReported) {
  TestMachine m;
  m.config.rt = GetParam();
  std::uint64_t data = 0;
  defer::IrqWork<Sim> work;
  m.setup = [&] {
    work.init([](void* d, unsigned) { ++*static_cast<std::uint64_t*>(d); }, &data, 0);
  };
  m.lane(task(0), {watched([&] {
           work.queue();
           ++data;
         })});
  EXPECT_GT(races(m), 0u);
}

INSTANTIATE_TEST_SUITE_P(NonRtAndRt, Deferred, ::testing::Bool());

/// Sim, but compare-and-swap orders nothing.
struct WeakSim : Sim {
  template <class T>
  static bool cas(Site site, T* p, T& expected, T desired, std::memory_order) {
    return Sim::cas(site, p, expected, desired, std::memory_order_relaxed);
  }
};

/// Two tasks and an NMI push nodes with a plain payload; a task takes them and looks.
template <class M>
unsigned races_of_llist() {
  using List = defer::Llist<M, test_site::a>;
  struct Node {
    defer::LlistNode link;
    std::uint64_t payload;
  };
  TestMachine m;
  m.config.cpus = 2;
  List list;
  std::array<Node, 64> nodes{};
  unsigned used = 0;
  m.setup = [&] {
    (void)list.take_all();
    used = 0;
  };
  const TestMachine::Op push = [&]() -> std::uint64_t {
    if (used == nodes.size()) return 0;
    Node& node = nodes[used++];
    const Watched scope;
    node.payload = 1;
    list.push(&node.link);
    return 0;
  };
  m.lane(task(0), {push, push});
  m.lane(task(1), {push, watched([&] {
                     for (auto* link = list.take_all(); link != nullptr; link = List::next(link)) {
                       ++reinterpret_cast<Node*>(link)->payload;
                     }
                   })});
  m.lane(nmi(0), {push});
  return races_in_walks(m);
}

TEST(Race, LlistIsSilent) {
  EXPECT_EQ(races_of_llist<Sim>(), 0u);
}

TEST(Race, LlistWithAWeakenedPushIsReported) {
  EXPECT_GT(races_of_llist<WeakSim>(), 0u);
}

// --- The engine ----------------------------------------------------------------------------------

// Who takes a result has it from who left it: programs that use memory hand it over.
TEST(Race, AResultIsHandedOverInASlot) {
  TestMachine m;
  m.config.cpus = 2;
  engine::Slots<unsigned> slots;
  std::array<std::uint64_t, 8> objects{};
  unsigned used = 0;
  unsigned taken = 0;
  m.setup = [&] {
    slots.clear();
    used = 0;
  };
  const TestMachine::Op give = [&]() -> std::uint64_t {
    const unsigned mine = used++ % objects.size();
    {
      const Watched scope;
      objects[mine] = 1;
    }
    return slots.push(0, mine);
  };
  const TestMachine::Op take = [&]() -> std::uint64_t {
    unsigned mine = 0;
    if (!slots.take(0, mine, [](unsigned) { return true; })) return 0;
    ++taken;
    const Watched scope;
    return ++objects[mine];
  };
  m.lane(task(0), {give, give, take});
  m.lane(task(1), {take, give, take});
  EXPECT_EQ(races_in_walks(m), 0u);
  EXPECT_GT(taken, 300u);
}

// --- The machine itself --------------------------------------------------------------------------

/// Everything at once, with frames that verdicts abandon in all contexts, again and again.
TEST(Race, TheMachinesOwnStateIsSilent) {
  TestMachine m;
  m.config.cpus = 2;
  Word word;
  Lock lock;
  std::array<defer::IrqWork<Sim>, kMaxCpus> works;
  std::array<std::uint64_t, kMaxCpus> runs{};
  m.setup = [&] {
    std::construct_at(&word);
    std::construct_at(&lock);
    for (unsigned cpu = 0; cpu < kMaxCpus; ++cpu) {
      std::construct_at(&works[cpu])
          ->init([](void* r, unsigned) { ++*static_cast<std::uint64_t*>(r); }, &runs[cpu], cpu);
    }
  };
  const auto op = watched([&] {
    if (word.fetch_add(1) == 14) Sim::bug(machine::Bug::double_free, nullptr);
    if (Sim::fails(test_site::limit, false)) return;
    Sim::probe(test_site::probe);
    if (sync::can_spin_trylock<Sim>() && lock.try_lock()) {
      Sim::mark_free(&word, sizeof word);
      Sim::mark_used(&word, sizeof word);
      lock.unlock();
    }
    Sim::preempt_disable();
    works[Sim::cpu()].queue();
    Sim::preempt_enable();
  });
  m.lane(task(0), {op, op});
  m.lane(task(1), {op, op});
  for (const Lane lane : {nmi(0), irq(0), Lane{LaneKind::softirq, 0}, probe(0)}) m.lane(lane, {op});
  const unsigned before = reports;
  unsigned verdicts = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    m.config.rt = seed % 2 != 0;
    RandomDraws draws(seed);
    verdicts += !m.run({}, &draws, 4, seed % 3 == 0 ? Recording::visits : Recording::decisions);
  }
  EXPECT_EQ(reports, before);
  EXPECT_GT(verdicts, 500u);
  EXPECT_LT(verdicts, 2500u);
}

}  // namespace
}  // namespace anyctx::inject
