// Spinning on the simulated machine: who runs meanwhile, and how virtual time passes.
#include <gtest/gtest.h>

#include "inject/choice/draws.h"
#include "lib/machine/atomic.h"
#include "tests/sim/machine.h"

namespace anyctx::inject {
namespace {

using machine::point;
using machine::Verb;
using Word = machine::Atomic<Sim, std::uint64_t, test_site::a>;

constexpr std::uint64_t kForever = ~std::uint64_t{0};

/// Waits until `word` has this value.
bool await(Word& word, std::uint64_t value, std::uint64_t until) {
  return Sim::spin_until(
      test_site::probe, [&] { return word.load() == value; }, until);
}

TEST(Spin, LetsOthersRunAndTakesNoTimeMeanwhile) {
  TestMachine m;
  m.config.cpus = 2;
  Word word;
  m.setup = [&] { word.init(0); };
  m.lane(task(0), {[&] { return await(word, 2, 1000); }});
  m.lane(task(1), {[&] {
           for (unsigned i = 0; i < 50; ++i) word.load();
           word.store(1);
           word.store(2);
           return 0;
         }});
  ASSERT_TRUE(m.run());
  EXPECT_EQ(m.simulation().now_ns(), 0u);
}

TEST(Spin, EndsWhenTheTimeIsOver) {
  TestMachine m;
  Word word;
  bool ready = true;
  m.setup = [&] { word.init(0); };
  m.lane(task(0), {[&] { return ready = await(word, 1, 1000); }});
  ASSERT_TRUE(m.run());
  EXPECT_FALSE(ready);
  EXPECT_EQ(m.simulation().now_ns(), 1001u);
}

TEST(Spin, TheEarliestTimeComesFirst) {
  TestMachine m;
  m.config.cpus = 3;
  Word word;
  std::vector<std::uint64_t> ends;
  ends.reserve(3);
  for (const std::uint64_t until : {300, 100, 200}) {
    m.lane(task(static_cast<std::uint8_t>(until / 100 % 3)), {[&, until] {
             await(word, 1, until);
             ends.push_back(Sim::now_ns());
             return 0;
           }});
  }
  ASSERT_TRUE(m.run());
  EXPECT_EQ(ends, (std::vector<std::uint64_t>{101, 201, 301}));
}

TEST(Spin, HandsOverInTurn) {
  TestMachine m;
  m.config.cpus = 4;
  Word word;
  m.setup = [&] { word.init(0); };
  for (std::uint8_t i = 0; i < 4; ++i) {
    m.lane(task(i), {[&, i] {
             for (std::uint64_t turn = i; turn < 40; turn += 4) {
               EXPECT_TRUE(await(word, turn, kForever));
               word.store(turn + 1);
             }
             return 0;
           }});
  }
  ASSERT_TRUE(m.run());
  EXPECT_EQ(m.simulation().now_ns(), 0u);
  for (unsigned seed = 0; seed < 500; ++seed) {
    RandomDraws draws(seed);
    ASSERT_TRUE(m.run({}, &draws, 4)) << seed;
    ASSERT_EQ(word.peek(), 40u);
  }
}

TEST(Spin, TimePassesWhileACpuIsStalled) {
  TestMachine m;
  m.config.cpus = 2;
  Word word;
  bool ready = true;
  m.setup = [&] { word.init(0); };
  m.lane(task(0), {[&] {
           word.store(1);
           return 0;
         }});
  m.lane(task(1), {[&] { return ready = await(word, 1, 5000); }});
  ASSERT_TRUE(
      m.run({{{task(0), 0, 0}, point(test_site::a, Verb::store), 1, {ActionKind::stall, {}, 0}}}));
  EXPECT_FALSE(ready);
  EXPECT_EQ(word.peek(), 1u);
}

TEST(Spin, IsLegalInAnNmi) {
  TestMachine m;
  Word word;
  bool ready = true;
  m.setup = [&] { word.init(0); };
  m.lane(task(0), {[&] { return word.load(); }});
  m.lane(nmi(0), {[&] { return ready = await(word, 1, 10); }});
  ASSERT_TRUE(m.run(
      {{{task(0), 0, 0}, point(test_site::a, Verb::load), 1, {ActionKind::enter, nmi(0), 0}}}));
  EXPECT_FALSE(ready);
}

TEST(Spin, ForEverIsADeadlock) {
  TestMachine m;
  m.config.cpus = 2;
  Word word;
  m.setup = [&] { word.init(0); };
  m.lane(task(0), {[&] { return await(word, 1, kForever); }});
  m.lane(task(1), {[&] { return await(word, 2, kForever); }});
  ASSERT_FALSE(m.run());
  EXPECT_EQ(m.simulation().verdict()->kind, VerdictKind::deadlock);
}

TEST(Spin, AWaiterThatRelaxesDoesNotHoldUpTime) {
  TestMachine m;
  m.config.cpus = 2;
  Word word;
  m.setup = [&] { word.init(0); };
  m.lane(task(0), {[&] {
           while (word.load() == 0) Sim::relax(test_site::probe);
           return 0;
         }});
  m.lane(task(1), {[&] {
           await(word, 9, 1'000'000);
           word.store(1);
           return 0;
         }});
  ASSERT_TRUE(m.run());
  EXPECT_GT(m.simulation().now_ns(), 1'000'000u);
}

}  // namespace
}  // namespace anyctx::inject
