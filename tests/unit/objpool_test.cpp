// The object pool by itself: sizes, order, whose objects they are, and NMIs at each of its
// accesses.
#include "lib/bpf/objpool.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "fuzzers/targets/heap_blocks.h"
#include "tests/unit/slab_machine.h"

namespace anyctx::test {
namespace {

using M = SlabMachine;
using target::HeapBlocks;
using Pool = bpf::ObjPool<M, HeapBlocks>;

struct ObjPoolTest : ::testing::Test {
  ~ObjPoolTest() override {
    EXPECT_EQ(M::script.irqs_off, 0);
    EXPECT_EQ(M::script.pinned, 0);
    M::script = {};
    M::slab = {};
  }

  std::size_t in_ring(unsigned cpu) {
    const auto state = pool.ring_state(cpu);
    EXPECT_EQ(state.last, state.tail);
    return static_cast<std::size_t>(state.tail - state.head);
  }
  std::vector<void*> pop_all() {
    std::vector<void*> all;
    while (void* const object = pool.pop()) all.push_back(object);
    return all;
  }

  HeapBlocks blocks;
  Pool pool;
};

TEST_F(ObjPoolTest, RefusesWhatTheKernelRefuses) {
  for (const int count : {0, -1, (1 << 24) + 1}) EXPECT_EQ(pool.init(count, 8, blocks), -EINVAL);
  for (const int size : {0, -1, (1 << 16) + 1}) EXPECT_EQ(pool.init(1, size, blocks), -EINVAL);
  EXPECT_EQ(blocks.count(), 0);
}

TEST_F(ObjPoolTest, UnwindsWhatFails) {
  unsigned calls = 0;
  M::script.fail = [&](Site site) { return site == bpf::site::objpool_memory && ++calls == 2; };
  EXPECT_EQ(pool.init(4, 8, blocks), -ENOMEM);
  EXPECT_EQ(blocks.count(), 0);
  unsigned prepared = 0;
  const auto refuse_third = [](void*, void* count) {
    return ++*static_cast<unsigned*>(count) == 3 ? -EXDEV : 0;
  };
  EXPECT_EQ(pool.init(4, 8, blocks, refuse_third, &prepared), -EXDEV);
  EXPECT_EQ(blocks.count(), 0);
  EXPECT_EQ(pool.init(4, 8, blocks), 0);
  pool.fini();
  EXPECT_EQ(blocks.count(), 0);
}

TEST_F(ObjPoolTest, SharesAreEqual) {
  M::script.cpus = 4;
  ASSERT_EQ(pool.init(6, 9, blocks), 0);
  for (unsigned cpu = 0; cpu < 4; ++cpu) EXPECT_EQ(in_ring(cpu), cpu < 2 ? 2u : 1u);
  pool.fini();
}

TEST_F(ObjPoolTest, TakesTheOldestOfItsOwnFirst) {
  ASSERT_EQ(pool.init(4, 8, blocks), 0);
  const std::vector<void*> all = pop_all();
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(std::set<void*>(all.begin(), all.end()).size(), 4u);
  EXPECT_EQ(pool.push(all[2]), 0);
  EXPECT_EQ(pool.push(all[0]), 0);
  M::script.cpu = 1;
  EXPECT_EQ(pool.push(all[1]), 0);
  EXPECT_EQ(pool.pop(), all[1]);
  EXPECT_EQ(pool.pop(), all[2]);
  EXPECT_EQ(pool.pop(), all[0]);
  EXPECT_EQ(pool.pop(), nullptr);
  for (void* const object : all) EXPECT_EQ(pool.push(object), 0);
  pool.fini();
}

TEST_F(ObjPoolTest, ObjectsThatAreTooManyAreReported) {
  ASSERT_EQ(pool.init(1, 8, blocks), 0);
  void* const object = pool.pop();
  EXPECT_EQ(pool.push(object), 0);
  EXPECT_EQ(pool.push(object), -EINVAL);
  ASSERT_EQ(M::script.bugs.size(), 1u);
  EXPECT_EQ(M::script.bugs[0], machine::Bug::double_free);
  pool.fini();
}

TEST_F(ObjPoolTest, GoesWithTheLastObject) {
  ASSERT_EQ(pool.init(3, 8, blocks), 0);
  void* const a = pool.pop();
  void* const b = pool.pop();
  pool.fini();
  EXPECT_EQ(pool.drop(nullptr), -EINVAL);
  EXPECT_NE(blocks.count(), 0);
  EXPECT_EQ(pool.drop(a), -EAGAIN);
  EXPECT_EQ(pool.drop(b), 0);
  EXPECT_EQ(blocks.count(), 0);
}

/// A push, and a pop, that an NMI interrupts before its nth access: it pushes, pops and keeps.
TEST_F(ObjPoolTest, NmisMayPushAndPopAnywhere) {
  bool reached = true;
  for (unsigned nth = 1; reached; ++nth) {
    for (const bool pushes : {true, false}) {
      ASSERT_EQ(pool.init(4, 8, blocks), 0);
      void* const a = pool.pop();
      void* const b = pool.pop();
      std::vector<void*> kept;
      reached = false;
      M::slab.before = [&, count = 0u](Site, Verb) mutable {
        if (++count != nth) return;
        reached = true;
        M::in_context(machine::Context::nmi, [&] {
          EXPECT_EQ(pool.push(b), 0);
          if (void* const object = pool.pop()) kept.push_back(object);
        });
      };
      void* const popped = pushes ? nullptr : pool.pop();
      if (pushes) {
        EXPECT_EQ(pool.push(a), 0);
      }
      M::slab.before = nullptr;
      if (popped != nullptr) kept.push_back(popped);
      if (!pushes) kept.push_back(a);
      if (!reached) kept.push_back(b);
      EXPECT_EQ(kept.empty(), false) << nth;
      const std::vector<void*> rest = pop_all();
      std::set<void*> all(rest.begin(), rest.end());
      all.insert(kept.begin(), kept.end());
      EXPECT_EQ(all.size(), 4u) << nth;
      EXPECT_EQ(rest.size() + kept.size(), 4u) << nth;
      for (void* const object : all) EXPECT_EQ(pool.push(object), 0);
      pool.fini();
    }
  }
}

}  // namespace
}  // namespace anyctx::test
