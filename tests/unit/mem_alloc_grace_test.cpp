// bpf_mem_alloc: grace periods, destructors, creation that fails, destruction at any moment.
#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/mem_alloc_bed.h"

namespace anyctx::test {
namespace {

struct MemAllocGrace : MemAllocBed {
  /// Frees so many that some wait for Tasks Trace.
  void overflow() {
    std::vector<void*> objects;
    for (int i = 0; i < 8; ++i) objects.push_back(take(4000));
    for (void* const object : objects) give(object);
  }
  std::size_t waiting() {
    auto found = places(4000);
    return found[Place::before_trace].size() + found[Place::in_trace].size();
  }
};

struct Counts {
  int objects = 0;
  int contexts = 0;
  bpf::MemDestructor destructor() {
    return {[](void*, void* self) {
              EXPECT_EQ(static_cast<Counts*>(self)->contexts, 0);
              ++static_cast<Counts*>(self)->objects;
            },
            [](void* self) { ++static_cast<Counts*>(self)->contexts; }, this};
  }
};

TEST_F(MemAllocGrace, NobodyHasTheMemoryWhileAReaderLooks) {
  create();
  auto* const object = static_cast<std::uint64_t*>(take(4000));
  object[0] = object[499] = 7;
  const auto token = grace.rcu.read_lock();
  give_rcu(object);
  settle();
  EXPECT_TRUE(is_in(Place::in_rcu, object, 4000));
  for (int i = 0; i < 20; ++i) {
    void* const other = take(4000);
    ASSERT_NE(other, object);
    give(other);
  }
  EXPECT_EQ(object[0], 7u);
  EXPECT_EQ(object[499], 7u);
  grace.rcu.read_unlock(token);
  settle();
  EXPECT_FALSE(is_in(Place::in_rcu, object, 4000));
}

/// It is used again in the middle, as an object of its size.
TEST_F(MemAllocGrace, MemoryStaysWhileATaskIsTraced) {
  create();
  void* const object = take(4000);
  const auto token = grace.srcu.read_lock();
  give_rcu(object);
  settle();
  EXPECT_TRUE(is_in(Place::in_trace, object, 4000));
  std::vector<void*> objects;
  while (std::find(objects.begin(), objects.end(), object) == objects.end()) {
    ASSERT_LT(objects.size(), 20u);
    objects.push_back(take(4000));
  }
  grace.srcu.read_unlock(token);
  settle();
  for (void* const each : objects) give(each);
}

TEST_F(MemAllocGrace, WhatIsQueuedDuringAGracePeriodIsNotLeftBehind) {
  create();
  const auto token = grace.srcu.read_lock();
  overflow();
  settle();
  ASSERT_GT(waiting(), 0u);
  overflow();
  settle();
  EXPECT_FALSE(places(4000)[Place::before_trace].empty());
  grace.srcu.read_unlock(token);
  settle();
  EXPECT_EQ(waiting(), 0u);
  EXPECT_TRUE(cache(4000).peek_idle());
}

TEST_F(MemAllocGrace, DestructorsRunWhenMemoryGoes) {
  Counts counts;
  ASSERT_EQ(mem.create(env(counts.destructor()), 0), 0);
  const auto token = grace.srcu.read_lock();
  overflow();
  settle();
  EXPECT_EQ(counts.objects, 0);
  grace.srcu.read_unlock(token);
  settle();
  EXPECT_GT(counts.objects, 0);
  mem.destroy();
  EXPECT_EQ(counts.contexts, 1);
}

TEST_F(MemAllocGrace, DestroyedWhileARefillIsPending) {
  create();
  hooks().hold_interrupts = true;
  void* const object = take(56);
  give(object);
  ASSERT_FALSE(hooks().raised.empty());
  hooks().hold_interrupts = false;
  mem.destroy();
  mem.destroy();  // nothing
  EXPECT_FALSE(mem.exists());
}

TEST_F(MemAllocGrace, DestroyedWhileGracePeriodsAreUnderWay) {
  for (const bool is_copied : {true, false}) {
    Counts counts;
    ASSERT_EQ(mem.create(env(counts.destructor()), 0), 0);
    give_rcu(take(56));
    overflow();
    ASSERT_FALSE(cache(4000).peek_idle());
    if (!is_copied) fail_always(bpf::site::mem_remains);
    mem.destroy();
    script().fail = nullptr;
    EXPECT_EQ(counts.contexts, is_copied ? 0 : 1);
    settle();
    EXPECT_EQ(counts.contexts, 1);
    expect_nothing_live();
  }
}

/// Callbacks that come after the lists were emptied find another cache's list, and a round that
/// runs.
TEST_F(MemAllocGrace, DestroyedInEachStageOfAGracePeriod) {
  for (int stage = 0; stage < 12; ++stage) {
    create();
    give_rcu(take(4000));
    overflow();
    for (int i = 0; i < stage; ++i) {
      for (machine::IrqLine* line : std::exchange(script().works, {})) line->run(line);
    }
    mem.destroy();
    settle();
    expect_nothing_live();
  }
}

TEST_F(MemAllocGrace, CreationThatFailsLeavesNothing) {
  for (unsigned nth = 0;; ++nth) {
    unsigned seen = 0;
    script().fail = [&](Site site) { return site == bpf::site::mem_struct && seen++ == nth; };
    Counts counts;
    const int error = mem.create(env(counts.destructor()), 0);
    script().fail = nullptr;
    if (error == 0) {
      EXPECT_EQ(nth, 1 + bpf::kMemSizes);
      mem.destroy();
      EXPECT_EQ(counts.contexts, 1);
      return;
    }
    EXPECT_EQ(error, -ENOMEM);
    EXPECT_EQ(counts.contexts, 0);
    EXPECT_FALSE(mem.exists());
    expect_nothing_live();
  }
}

TEST_F(MemAllocGrace, FewerAtHandIsNoFailure) {
  fail_always(bpf::site::mem_object);
  create();
  script().fail = nullptr;
  EXPECT_EQ(take(56), nullptr);
  void* const object = take(56);
  EXPECT_NE(object, nullptr);
  give(object);
}

}  // namespace
}  // namespace anyctx::test
