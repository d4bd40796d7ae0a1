// What ThreadSanitizer sees between tasks: races of the code under test are reported; code that is
// right is not, nor is code that is not under test.
#include <array>

#include "fuzzers/engine/slots.h"
#include "lib/defer/llist.h"
#include "lib/sync/spinlock.h"
#include "tests/race/races.h"

namespace anyctx::inject {
namespace {

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

TEST(RaceOfTasks, RelaxedPublicationIsReported) {
  Publication m(std::memory_order_relaxed);
  EXPECT_GT(races(m), 0u);
}

TEST(RaceOfTasks, ReleaseAndAcquireAreSilent) {
  Publication m(std::memory_order_release);
  EXPECT_EQ(races_in_walks(m), 0u);
}

TEST(RaceOfTasks, IsReportedInEveryRunAlike) {
  Publication m(std::memory_order_relaxed);
  const unsigned first = races(m);
  for (unsigned i = 0; i < 20; ++i) EXPECT_EQ(races(m), first);
}

TEST(RaceOfTasks, UnwatchedCodeIsSilent) {
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

TEST(RaceOfTasks, TasksAreOrderedWithWhatRunsBeforeAndAfterThem) {
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

TEST(RaceOfTasks, ALockThatOnlyOneSideTakesIsReported) {
  TestMachine m;
  m.config.cpus = 2;
  sync::RawSpinLock<Sim, test_site::lock_a> lock;
  std::uint64_t data = 0;
  m.lane(task(0), {watched([&] {
           lock.lock();
           ++data;
           lock.unlock();
         })});
  m.lane(task(1), {watched([&] { ++data; })});
  EXPECT_GT(races(m), 0u);
}

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

TEST(RaceOfTasks, LlistIsSilent) {
  EXPECT_EQ(races_of_llist<Sim>(), 0u);
}

TEST(RaceOfTasks, LlistWithAWeakenedPushIsReported) {
  EXPECT_GT(races_of_llist<WeakSim>(), 0u);
}

// Who takes a result has it from who left it: programs that use memory hand it over.
TEST(RaceOfTasks, AResultIsHandedOverInASlot) {
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

}  // namespace
}  // namespace anyctx::inject
