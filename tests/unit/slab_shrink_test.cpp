// Shrinking on a machine without workers: what other CPUs have cached is left to them.
#include "tests/unit/slab_bed.h"

namespace anyctx::test {
namespace {

struct Shrink : SlabBed {
  Shrink() { init({.encoded_freelist = true}); }
  ~Shrink() override { expect_nothing_live(); }

  /// One slab that this CPU owns, one on its chain; nothing in use.
  void fill_cpu(unsigned cpu) {
    script().cpu = cpu;
    std::vector<void*> objects;
    for (int i = 0; i < 64 + 1; ++i) objects.push_back(alloc(64));
    for (void* const object : objects) slabs.kfree(object);
    ASSERT_TRUE(has_something(cpu));
  }
  bool has_something(unsigned cpu) {
    const slab::CpuSlab<M>& own = bucket(64).cpus().of(cpu);
    return own.slab.peek() != nullptr || own.partial.peek() != nullptr;
  }
};

TEST_F(Shrink, TakesWhatThisCpuHasCached) {
  fill_cpu(0);
  EXPECT_TRUE(slabs.kmem_cache_shrink(&bucket(64)));
  EXPECT_EQ(census(bucket(64)).slabs, 0);
}

TEST_F(Shrink, OtherCpusFlushWhenTheyPoll) {
  fill_cpu(1);
  fill_cpu(0);
  EXPECT_FALSE(slabs.kmem_cache_shrink(&bucket(64)));
  EXPECT_FALSE(has_something(0));
  EXPECT_TRUE(has_something(1));
  script().cpu = 1;
  slabs.poll_deferred();
  EXPECT_FALSE(has_something(1));
  EXPECT_TRUE(slabs.kmem_cache_shrink(&bucket(64)));
}

TEST_F(Shrink, OtherCpusFlushInTheirNextSlowPath) {
  fill_cpu(1);
  script().cpu = 0;
  EXPECT_FALSE(slabs.kmem_cache_shrink(&bucket(64)));
  script().cpu = 1;
  // The fast path knows nothing of it.
  std::vector<void*> objects;
  const slab::Slab<M>* const own = bucket(64).cpus().of(1).slab.peek();
  while (objects.empty() || slab_of(objects.back()) == own) objects.push_back(alloc(64));
  EXPECT_EQ(bucket(64).cpus().of(1).flush_wanted.peek(), 0u);
  for (void* const object : objects) slabs.kfree(object);
}

TEST_F(Shrink, ARequestIsServedOnce) {
  fill_cpu(1);
  script().cpu = 0;
  slabs.kmem_cache_shrink(&bucket(64));
  script().cpu = 1;
  slabs.poll_deferred();
  void* const object = alloc(64);
  slabs.poll_deferred();
  EXPECT_TRUE(has_something(1));
  slabs.kfree(object);
}

TEST_F(Shrink, WhatIsInUseStays) {
  fill_cpu(0);
  void* const object = alloc(64);
  EXPECT_FALSE(slabs.kmem_cache_shrink(&bucket(64)));
  EXPECT_EQ(census(bucket(64)).slabs, 1);
  slabs.kfree(object);
}

}  // namespace
}  // namespace anyctx::test
