// What ThreadSanitizer sees between code and what interrupts it: a handler is a thread of its own,
// and comes before or after something only where the machine guarantees it.
#include <array>
#include <memory>

#include "lib/defer/irq_work.h"
#include "lib/machine/percpu.h"
#include "lib/sync/local_lock.h"
#include "lib/sync/spinlock.h"
#include "lib/sync/trylock_rules.h"
#include "tests/race/races.h"

namespace anyctx::inject {
namespace {

using machine::point;
using machine::Verb;
using Lock = sync::RawSpinLock<Sim, test_site::lock_a>;

constexpr Lane irq(std::uint8_t index) {
  return {LaneKind::irq, index};
}
constexpr Lane softirq(std::uint8_t index) {
  return {LaneKind::softirq, index};
}
constexpr Lane probe(std::uint8_t index) {
  return {LaneKind::reentry, index};
}

/// A handler at the first load of the word in task 0.
Decision enter_at_load(Lane handler) {
  return {{task(0), 0, 0}, point(test_site::a, Verb::load), 1, {ActionKind::enter, handler, 0}};
}

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
                         ::testing::Values(nmi(0), irq(0), softirq(0), probe(0)));

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

TEST(RaceOfInterrupts, MaskedInterruptsExcludeAnIrqButNotAnNmi) {
  Word word;
  std::uint64_t data = 0;
  const auto op = watched([&] {
    const machine::IrqState state = Sim::irq_save();
    ++data;
    word.load();
    Sim::irq_restore(state);
  });
  EXPECT_EQ(races_on_one_cpu(op, irq(0)), 0u);
  EXPECT_EQ(races_on_one_cpu(op, softirq(0)), 0u);
  EXPECT_GT(races_on_one_cpu(op, nmi(0)), 0u);
}

TEST(RaceOfInterrupts, DisabledPreemptionExcludesTasksButNotAnIrq) {
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

TEST(RaceOfInterrupts, DisabledPreemptionDoesNotExcludeOtherCpus) {
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

// On UP a trylock in an NMI succeeds while the interrupted code holds the lock.
TEST(RaceOfInterrupts, AnUpTrylockThatProtectsNothingIsReported) {
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

/// Everything at once, with frames that verdicts abandon in all contexts, again and again.
TEST(RaceOfInterrupts, TheMachinesOwnStateIsSilent) {
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
  for (const Lane lane : {nmi(0), irq(0), softirq(0), probe(0)}) m.lane(lane, {op});
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
