// Frees after a grace period, typesafe caches, destructors, and the nolock calls of caches.
#include <gtest/gtest.h>

#include "tests/unit/slab_bed.h"

namespace anyctx::test {
namespace {

namespace gfp = page::gfp;
using defer::LlistNode;
using machine::Bug;
using page::Gfp;
using slab::CacheFlags;

struct SlabGrace : SlabBed {
  SlabGrace() { init(); }

  static LlistNode* head(void* object, std::size_t offset = 0) {
    return reinterpret_cast<LlistNode*>(static_cast<std::byte*>(object) + offset);
  }
  /// Runs what was raised and waits in workers, but ends no wait.
  static void settle() {
    for (int i = 0; i < 8; ++i) {
      M::deliver();
      for (machine::IrqLine* line : std::exchange(script().works, {})) line->run(line);
    }
  }
  std::int64_t live(const CacheType& cache) { return census(cache).live(); }
};

TEST_F(SlabGrace, NothingButTheHeadChangesBeforeReadersHaveLeft) {
  for (const bool srcu : {false, true}) {
    auto* const object = static_cast<std::uint64_t*>(alloc_nolock(64));
    for (std::uint64_t i = 0; i < 8; ++i) object[i] = i + 1;
    const auto token = srcu ? grace.srcu.read_lock() : grace.rcu.read_lock();
    const bool outer = std::exchange(script().nolock, true);
    srcu ? slabs.kfree_srcu_fast_nolock(head(object, 16))
         : slabs.kfree_rcu_nolock(head(object, 16));
    script().nolock = outer;
    settle();
    for (std::uint64_t i = 0; i < 8; ++i) {
      if (i != 2) {
        EXPECT_EQ(object[i], i + 1);
      }
    }
    EXPECT_EQ(live(bucket(64)), 1);
    srcu ? grace.srcu.read_unlock(token) : grace.rcu.read_unlock(token);
    settle();
    EXPECT_EQ(live(bucket(64)), 0);
  }
}

TEST_F(SlabGrace, ReadersOfTheOtherKindAreNotWaitedForByRcuOnly) {
  void* const object = alloc(64);
  const auto srcu = grace.srcu.read_lock();
  slabs.kfree_rcu(head(object));
  settle();
  EXPECT_EQ(live(bucket(64)), 0);
  void* const other = alloc(64);
  const auto rcu = grace.rcu.read_lock();
  grace.srcu.read_unlock(srcu);
  slabs.kfree_srcu_fast_nolock(head(other));
  settle();
  EXPECT_EQ(live(bucket(64)), 1);  // a grace period of SRCU-fast contains one of RCU
  grace.rcu.read_unlock(rcu);
  settle();
  EXPECT_EQ(live(bucket(64)), 0);
}

TEST_F(SlabGrace, TheBarrierCoversEveryFree) {
  void* const by_rcu = alloc(96);
  void* const by_srcu = alloc(96);
  void* const large = alloc(20000);
  slabs.kfree_rcu(head(by_rcu, 8));
  slabs.kfree_srcu_fast_nolock(head(by_srcu, 80));
  slabs.kfree_rcu_nolock(head(large, 4000));
  slabs.kvfree_rcu_barrier();
  EXPECT_EQ(live(bucket(96)), 0);
  EXPECT_EQ(slabs.ksize(large), 0u);
}

TEST_F(SlabGrace, WhatWaitsIsNotFreedTwice) {
  void* const object = alloc(64);
  slabs.kfree_rcu(head(object));
  slabs.kfree_rcu(head(object, 8));
  expect_bug(Bug::double_free);
  slabs.kfree(object);
  expect_bug(Bug::double_free);
  free_nolock(object);
  expect_bug(Bug::double_free);
  void* const large = alloc(20000);
  slabs.kfree_rcu(head(large));
  slabs.kfree(large);
  expect_bug(Bug::double_free);
  slabs.kvfree_rcu_barrier();
  EXPECT_EQ(live(bucket(64)), 0);
}

TEST_F(SlabGrace, AHeadLiesInAnObject) {
  std::uint64_t on_stack[2] = {};
  slabs.kfree_rcu(head(on_stack));
  expect_bug(Bug::invalid_free);
  auto* const page = pages.alloc_pages(gfp::kernel, page::kNoNode, 0);
  slabs.kfree_rcu(head(pages.address(page)));
  expect_bug(Bug::invalid_free);
  pages.free_pages(page, 0);
}

struct Counts {
  int constructed = 0;
  int destructed = 0;
};
Counts counts;

slab::CacheConfig counted(CacheFlags flags) {
  counts = {};
  slab::CacheConfig config;
  config.name = "counted";
  config.size = 1000;
  config.flags = flags;
  config.constructor = [](void* object) {
    ++counts.constructed;
    *static_cast<int*>(object) = 7;
  };
  config.destructor = [](void* object) {
    ++counts.destructed;
    EXPECT_EQ(*static_cast<int*>(object), 7);
  };
  return config;
}

TEST_F(SlabGrace, DestructorsRunOnceForEachConstructedObject) {
  for (const CacheFlags flags : {CacheFlags::none, CacheFlags::consistency}) {
    CacheType* const cache = slabs.kmem_cache_create(counted(flags));
    slabs.kmem_cache_free(cache, slabs.kmem_cache_alloc(cache, gfp::kernel));
    EXPECT_GT(counts.constructed, 1);
    EXPECT_EQ(counts.destructed, 0);
    EXPECT_TRUE(slabs.kmem_cache_destroy(cache));
    EXPECT_EQ(counts.destructed, counts.constructed);
  }
}

TEST_F(SlabGrace, PagesOfTypesafeSlabsWaitForReaders) {
  for (const CacheFlags flags : {CacheFlags::typesafe_by_rcu, CacheFlags::typesafe_by_srcu_fast}) {
    CacheType* const cache = slabs.kmem_cache_create(counted(flags | CacheFlags::poison));
    auto* const object = static_cast<int*>(slabs.kmem_cache_alloc_nolock(cache, Gfp::none));
    const auto rcu = grace.rcu.read_lock();
    slabs.kmem_cache_free_nolock(cache, object);
    EXPECT_TRUE(slabs.kmem_cache_shrink(cache));
    settle();
    EXPECT_EQ(*object, 7);  // by ASan, too
    EXPECT_EQ(counts.destructed, 0);
    EXPECT_NE(slab_of(object), nullptr);
    EXPECT_EQ(slab::audit(slabs), "");
    EXPECT_EQ(census(*cache).objects, 0);
    grace.rcu.read_unlock(rcu);
    settle();
    EXPECT_EQ(counts.destructed, counts.constructed);
    EXPECT_EQ(slab_of(object), nullptr);
    EXPECT_TRUE(slabs.kmem_cache_destroy(cache));
  }
}

TEST_F(SlabGrace, TypesafeObjectsAreReusedAtOnce) {
  CacheType* const cache = slabs.kmem_cache_create(counted(CacheFlags::typesafe_by_srcu_fast));
  const auto token = grace.srcu.read_lock();
  void* const first = slabs.kmem_cache_alloc_nolock(cache, Gfp::none);
  slabs.kmem_cache_free_nolock(cache, first);
  EXPECT_EQ(slabs.kmem_cache_alloc_nolock(cache, Gfp::none), first);
  slabs.kmem_cache_free_nolock(cache, first);
  grace.srcu.read_unlock(token);
  EXPECT_TRUE(slabs.kmem_cache_destroy(cache));
}

TEST_F(SlabGrace, DestroyingWaitsForSlabsThatWaitForReaders) {
  CacheType* const cache = slabs.kmem_cache_create(counted(CacheFlags::typesafe_by_rcu));
  slabs.kmem_cache_free(cache, slabs.kmem_cache_alloc(cache, gfp::kernel));
  EXPECT_TRUE(slabs.kmem_cache_destroy(cache));
  EXPECT_EQ(counts.destructed, counts.constructed);
}

TEST_F(SlabGrace, NolockCallsOfACacheCheckWhatTheyGet) {
  CacheType* const cache = slabs.kmem_cache_create(counted(CacheFlags::none));
  void* const foreign = alloc(1000);
  slabs.kmem_cache_free_nolock(cache, foreign);
  expect_bug(Bug::invalid_free);
  slabs.kfree(foreign);
  void* const object = slabs.kmem_cache_alloc_nolock(cache, Gfp::none);
  free_nolock(object);  // without the cache
  EXPECT_TRUE(slabs.kmem_cache_destroy(cache));
}

}  // namespace
}  // namespace anyctx::test
