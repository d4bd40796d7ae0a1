// bpf_mem_alloc: sizes, marks, refill, trimming, and what interrupts its caches.
#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/mem_alloc_bed.h"

namespace anyctx::test {
namespace {

using bpf::MemShape;

struct MemAlloc : MemAllocBed {};

TEST(MemShape, FollowsTheSize) {
  const auto expect = [](std::uint32_t unit, std::vector<std::uint32_t> numbers) {
    const MemShape shape = MemShape::of(unit);
    EXPECT_EQ((std::vector{shape.low, shape.high, shape.batch, shape.prefill}), numbers) << unit;
  };
  expect(16, {32, 96, 48, 4});
  expect(256, {32, 96, 48, 4});
  expect(264, {31, 93, 45, 1});
  expect(512, {16, 48, 24, 1});
  expect(1024, {8, 24, 12, 1});
  expect(2048, {4, 12, 6, 1});
  expect(4096, {2, 6, 3, 1});
}

TEST(MemShape, TheSmallestUnitThatHoldsTheHeaderToo) {
  EXPECT_EQ(bpf::kMemUnits[bpf::mem_index_of(1)], 16);
  EXPECT_EQ(bpf::kMemUnits[bpf::mem_index_of(8)], 16);
  EXPECT_EQ(bpf::kMemUnits[bpf::mem_index_of(9)], 32);
  EXPECT_EQ(bpf::kMemUnits[bpf::mem_index_of(88)], 96);
  EXPECT_EQ(bpf::kMemUnits[bpf::mem_index_of(89)], 128);
  EXPECT_EQ(bpf::kMemUnits[bpf::mem_index_of(bpf::kMaxMemSize)], 4096);
}

TEST_F(MemAlloc, EverySizeIsServedFromItsOwnCache) {
  create();
  for (unsigned index = 0; index < bpf::kMemSizes; ++index) {
    const std::size_t size = bpf::kMemUnits[index] - bpf::kMemHeader;
    void* const object = take(size);
    ASSERT_NE(object, nullptr) << size;
    EXPECT_EQ(slab_of(object)->cache->object_size(), bpf::kMemUnits[index]);
    std::memset(object, 0xaa, size);
    give(object);
    EXPECT_TRUE(is_in(Place::free, object, size));
    EXPECT_EQ(take(size), object);  // the last one first
    give(object);
  }
  EXPECT_EQ(take(0), nullptr);
  EXPECT_EQ(take(bpf::kMaxMemSize + 1), nullptr);
  EXPECT_EQ(take(~std::size_t{0}), nullptr);
  give(nullptr);
  give_rcu(nullptr);
}

TEST_F(MemAlloc, OneSize) {
  EXPECT_EQ(mem.create(env(), bpf::kMaxMemSize + 1), -E2BIG);
  create(100);
  void* const object = take(100);
  ASSERT_NE(object, nullptr);
  EXPECT_EQ(take(101), nullptr);
  give(object);
  EXPECT_TRUE(is_in(Place::free, object, 100));
}

TEST_F(MemAlloc, WhatWasNeverHandedOutIsZero) {
  create();
  for (int i = 0; i < 60; ++i) {
    auto* const object = static_cast<std::uint64_t*>(take(56));
    ASSERT_NE(object, nullptr);
    for (int word = 0; word < 7; ++word) EXPECT_EQ(object[word], 0u);
    std::memset(object, 0xaa, 56);
    give_rcu(object);
  }
}

TEST_F(MemAlloc, ARefillComesFromAnInterrupt) {
  create();
  hooks().hold_interrupts = true;
  std::vector<void*> objects;
  while (void* const object = take(120)) objects.push_back(object);
  EXPECT_EQ(objects.size(), MemShape::of(128).prefill);
  EXPECT_TRUE(script().caused_by(bpf::site::mem_empty));
  hooks().hold_interrupts = false;
  M::deliver();
  EXPECT_EQ(cache(120).peek_count(), MemShape::of(128).batch);
  objects.push_back(take(120));
  EXPECT_NE(objects.back(), nullptr);
  for (void* const object : objects) give(object);
}

TEST_F(MemAlloc, ARefillThatGetsNothingIsTriedAgain) {
  create();
  fail_always(bpf::site::mem_object);
  std::vector<void*> objects;
  while (void* const object = take(1000)) objects.push_back(object);
  EXPECT_EQ(objects.size(), 1u);
  script().fail = nullptr;
  EXPECT_EQ(take(1000), nullptr);  // but it asks
  objects.push_back(take(1000));
  EXPECT_NE(objects.back(), nullptr);
  for (void* const object : objects) give(object);
}

TEST_F(MemAlloc, AboveTheHighMarkObjectsGo) {
  create();
  const MemShape shape = MemShape::of(1024);
  std::vector<void*> objects;
  for (unsigned i = 0; i <= shape.high; ++i) objects.push_back(take(1000));
  hooks().hold_interrupts = true;
  const std::uint32_t before = cache(1000).peek_count();
  for (void* const object : objects) give(object);
  EXPECT_EQ(cache(1000).peek_count(), before + objects.size());
  hooks().hold_interrupts = false;
  M::deliver();
  EXPECT_EQ(cache(1000).peek_count(), (shape.low + shape.high) / 2);
  const std::int64_t live = census(bucket(1024)).live();
  settle();
  EXPECT_LT(census(bucket(1024)).live(), live);
}

TEST_F(MemAlloc, AnNmiInsideTheCacheDoesWithoutIt) {
  create();
  void* const kept = take(56);
  void* const kept_rcu = take(56);
  void* const lost = take(56);
  int entries = 0;
  before_in_nmi(defer::site::llist_link, Verb::store, [&] {
    ++entries;
    EXPECT_EQ(take(56), nullptr);
    EXPECT_TRUE(script().caused_by(bpf::site::mem_busy));
    give(kept);
    give_rcu(kept_rcu);
  });
  give(lost);
  EXPECT_EQ(entries, 1);
  EXPECT_TRUE(is_in(Place::extra, kept, 56));
  EXPECT_FALSE(is_in(Place::extra_rcu, kept_rcu, 56));  // its interrupt has come
  EXPECT_TRUE(is_in(Place::in_rcu, kept_rcu, 56));
  EXPECT_TRUE(is_in(Place::free, lost, 56));
}

TEST_F(MemAlloc, AnNmiBetweenTheStepsOfARefillUsesTheCache) {
  create();
  std::set<void*> got;
  const std::size_t batch = MemShape::of(64).batch;
  script().at_probe = [&](Site site) {
    // Each makes another refill necessary: there would be no end before memory is used up.
    if (site != bpf::site::mem_step || got.size() > batch) return;
    M::in_context(machine::Context::nmi, [&] {
      if (void* const object = take(56)) {
        EXPECT_TRUE(got.insert(object).second);
      }
    });
  };
  void* const first = take(56);
  script().at_probe = nullptr;
  EXPECT_GT(got.size(), batch);
  EXPECT_FALSE(got.contains(first));
  for (void* const object : got) give(object);
  give(first);
  places(56);
}

TEST_F(MemAlloc, CpusHaveObjectsOfTheirOwn) {
  create();
  void* const object = take(56);
  script().cpu = 1;
  give(object);
  EXPECT_TRUE(is_in(Place::free, object, 56, 1));
  EXPECT_EQ(take(56), object);
  script().cpu = 0;
  give(object);
}

/// Where there are too many, they go to whom they came from.
TEST_F(MemAlloc, ASurplusReturnsToItsHome) {
  create();
  std::vector<void*> objects;
  for (int i = 0; i < 10; ++i) objects.push_back(take(4000));
  script().cpu = 1;
  hooks().hold_interrupts = true;
  for (void* const object : objects) give(object);
  hooks().hold_interrupts = false;
  M::deliver();
  EXPECT_FALSE(places(4000, 0)[Place::in_trace].empty());
  EXPECT_TRUE(places(4000, 1)[Place::in_trace].empty());
  script().cpu = 0;
}

TEST_F(MemAlloc, OnRealTimeAThreadRefills) {
  script().rt = true;
  create();
  std::vector<void*> objects;
  for (int i = 0; i < 40; ++i) {
    if (void* const object = take(56)) objects.push_back(object);
    settle();
  }
  EXPECT_EQ(objects.size(), 40u);
  for (void* const object : objects) give(object);
  script().rt = false;
}

}  // namespace
}  // namespace anyctx::test
