// kmalloc and its nolock form: sizes, zeroing, alignment, limits and gates.
#include <algorithm>

#include "tests/unit/slab_bed.h"

namespace anyctx::test {
namespace {

using machine::Bug;
using machine::Context;
using page::Gfp;
namespace gfp = page::gfp;
namespace site = slab::site;

bool all_zero(const void* p, std::size_t n) {
  const auto* bytes = static_cast<const unsigned char*>(p);
  return std::all_of(bytes, bytes + n, [](unsigned char byte) { return byte == 0; });
}

struct Kmalloc : SlabBed {
  Kmalloc() { init(); }
};

TEST_F(Kmalloc, EverySizeFitsItsBucketAndIsAligned) {
  for (std::size_t size = 1; size <= 8192; size += size < 300 ? 1 : 61) {
    void* const object = alloc(size);
    ASSERT_NE(object, nullptr);
    const std::size_t bytes = slabs.ksize(object);
    ASSERT_EQ(bytes, slab::kBucketSizes[slab::bucket_of(size)]);
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(object) % slab::bucket_alignment(bytes), 0u);
    std::memset(object, 0xee, bytes);
    slabs.kfree(object);
  }
  expect_nothing_live();
}

TEST_F(Kmalloc, NothingIsTheSentinelAndFreeingItDoesNothing) {
  EXPECT_EQ(alloc(0), slab::kZeroSize);
  EXPECT_EQ(alloc_nolock(0), slab::kZeroSize);
  EXPECT_EQ(slabs.ksize(slab::kZeroSize), 0u);
  EXPECT_EQ(slabs.ksize(nullptr), 0u);
  slabs.kfree(slab::kZeroSize);
  slabs.kfree(nullptr);
  slabs.kfree_nolock(slab::kZeroSize);
  slabs.kfree_nolock(nullptr);
}

TEST_F(Kmalloc, LastFreedIsFirstReused) {
  void* const a = alloc(64);
  slabs.kfree(a);
  EXPECT_EQ(alloc(64), a);
  slabs.kfree(a);
}

TEST_F(Kmalloc, ZeroClearsReusedMemory) {
  for (const std::size_t size : {8u, 33u, 100u, 8192u}) {
    void* dirty = alloc(size);
    std::memset(dirty, 0xee, slabs.ksize(dirty));
    slabs.kfree(dirty);
    void* const ordinary = alloc(size, gfp::kernel | gfp::zero);
    EXPECT_EQ(ordinary, dirty);
    EXPECT_TRUE(all_zero(ordinary, slabs.ksize(ordinary))) << size;
    std::memset(ordinary, 0xee, slabs.ksize(ordinary));
    slabs.kfree(ordinary);
    void* const nolock = alloc_nolock(size, gfp::zero);
    EXPECT_TRUE(all_zero(nolock, slabs.ksize(nolock))) << size;
    free_nolock(nolock);
  }
  expect_nothing_live();
}

TEST_F(Kmalloc, LargeComesFromPages) {
  for (const std::size_t size : {8193u, 40000u, 1u << 18}) {
    void* const object = alloc(size, gfp::kernel | gfp::zero);
    ASSERT_NE(object, nullptr) << size;
    EXPECT_GE(slabs.ksize(object), size);
    EXPECT_TRUE(all_zero(object, size));
    slabs.kfree(object);
  }
  pages.drain_all_pcp();
  EXPECT_EQ(page::take_census(pages).buddy, static_cast<std::int64_t>(kPages));
}

TEST_F(Kmalloc, FourMebibytesAreTheMost) {
  void* const object = alloc(4u << 20);
  ASSERT_NE(object, nullptr);
  EXPECT_EQ(slabs.ksize(object), 4u << 20);
  slabs.kfree(object);
  EXPECT_EQ(alloc((4u << 20) + 1), nullptr);
  EXPECT_TRUE(script().caused_by(site::size));
}

TEST_F(Kmalloc, NolockServesLargeSizesUpToTheOrdersOfPerCpuLists) {
  void* const largest = alloc_nolock(32768);
  ASSERT_NE(largest, nullptr);
  EXPECT_EQ(slabs.ksize(largest), 32768u);
  EXPECT_EQ(slab_of(largest), nullptr);
  free_nolock(largest);
  EXPECT_EQ(alloc_nolock(32769), nullptr);
  EXPECT_TRUE(script().caused_by(page::site::order));
}

TEST_F(Kmalloc, ReclaimableHasBucketsOfItsOwn) {
  void* const normal = alloc(64);
  void* const reclaimable = alloc(64, gfp::kernel | gfp::reclaimable);
  EXPECT_NE(slab_of(normal), slab_of(reclaimable));
  EXPECT_EQ(slab_of(reclaimable)->cache->name(), "kmalloc-rcl-64");
  slabs.kfree(normal);
  slabs.kfree(reclaimable);
}

TEST_F(Kmalloc, MinimumAlignmentAliasesBuckets) {
  init({.min_align = 64});
  void* const object = alloc(8);
  EXPECT_EQ(slabs.ksize(object), 64u);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(object) % 64, 0u);
  void* const former96 = alloc(96);
  EXPECT_EQ(slabs.ksize(former96), 128u);
  slabs.kfree(object);
  slabs.kfree(former96);
}

TEST_F(Kmalloc, NolockRetriesInTheNextBucketOnce) {
  int failures = 0;
  script().fail = [&](Site at) { return at == site::cpu_busy && failures++ < 1; };
  void* const object = alloc_nolock(64);
  ASSERT_NE(object, nullptr);
  EXPECT_EQ(slabs.ksize(object), 96u);
  EXPECT_EQ(failures, 2);
  script().fail = nullptr;
  free_nolock(object);
}

TEST_F(Kmalloc, NextBucketIsThatOfTheAliasedCache) {
  init({.min_align = 64});
  int failures = 0;
  script().fail = [&](Site at) { return at == site::cpu_busy && failures++ < 1; };
  void* const object = alloc_nolock(8);  // served by 64; the next one is 128, not 16
  EXPECT_EQ(slabs.ksize(object), 128u);
  script().fail = nullptr;
  free_nolock(object);
}

TEST_F(Kmalloc, NolockFailsAfterTwoBucketsWithACause) {
  fail_always(site::cpu_busy);
  EXPECT_EQ(alloc_nolock(64), nullptr);
  EXPECT_EQ(std::ranges::count(script().causes, site::cpu_busy), 2);
  script().causes.clear();
  EXPECT_EQ(alloc_nolock(8192), nullptr);
  EXPECT_EQ(std::ranges::count(script().causes, site::cpu_busy), 1) << "8k has no next bucket";
  script().fail = nullptr;
  EXPECT_EQ(census(bucket(64)).slabs, 0);
}

TEST_F(Kmalloc, UpRefusesNmi) {
  script().smp = false;
  M::in_context(Context::nmi, [&] { EXPECT_EQ(alloc_nolock(64), nullptr); });
  EXPECT_TRUE(script().caused_by(site::context));
  void* const object = alloc_nolock(64);
  EXPECT_NE(object, nullptr);
  // Freeing is possible everywhere.
  M::in_context(Context::nmi, [&] { free_nolock(object); });
  expect_nothing_live();
}

TEST_F(Kmalloc, RtRefusesWhereTheLocksMayNotSleep) {
  script().rt = true;
  void* const object = alloc_nolock(64);
  ASSERT_NE(object, nullptr);
  for (const Context context : {Context::hardirq, Context::nmi}) {
    M::in_context(context, [&] { EXPECT_EQ(alloc_nolock(64), nullptr); });
  }
  M::preempt_disable();
  EXPECT_EQ(alloc_nolock(64), nullptr);
  M::preempt_enable();
  EXPECT_EQ(std::ranges::count(script().causes, site::context), 3);
  M::in_context(Context::nmi, [&] { free_nolock(object); });
  expect_nothing_live();
}

TEST_F(Kmalloc, RtUsesTheLockForEverything) {
  script().rt = true;
  hooks().before = [](Site at, Verb verb) {
    EXPECT_FALSE(at == site::cpu_pair && verb == Verb::cas);
  };
  std::vector<void*> objects;
  for (int i = 0; i < 200; ++i) objects.push_back(i % 2 == 0 ? alloc(64) : alloc_nolock(64));
  for (void* object : objects) {
    ASSERT_NE(object, nullptr);
    slabs.kfree(object);
  }
  hooks().before = nullptr;
  expect_nothing_live();
}

TEST_F(Kmalloc, SleepingRequestsAreAnnounced) {
  M::in_context(Context::hardirq, [&] {
    slabs.kfree(alloc(64, gfp::atomic));
    EXPECT_TRUE(script().violations.empty());
    slabs.kfree(alloc(64, gfp::kernel));
  });
  EXPECT_EQ(script().violations.size(), 1u);
  script().violations.clear();
}

TEST_F(Kmalloc, ExhaustionIsNullAndRecoverable) {
  std::vector<void*> objects;
  while (void* const object = alloc_nolock(1024)) objects.push_back(object);
  EXPECT_GT(objects.size(), kPages * 2);
  EXPECT_FALSE(script().causes.empty());
  while (void* const object = alloc(1024)) objects.push_back(object);
  for (void* const object : objects) slabs.kfree(object);
  expect_nothing_live();
  EXPECT_NE(objects.emplace_back(alloc_nolock(1024)), nullptr);
  slabs.kfree(objects.back());
}

TEST_F(Kmalloc, NodesAreHonoured) {
  init({}, 2);
  for (const int node : {1, 0, 1}) {
    void* const object = slabs.kmalloc(64, gfp::kernel, node);
    EXPECT_EQ(slab_of(object)->node, node);
    slabs.kfree(object);
  }
  // A nolock request takes what the CPU has.
  void* const object = alloc_nolock(64, Gfp::none, 0);
  EXPECT_EQ(slab_of(object)->node, 1);
  free_nolock(object);
  expect_nothing_live();
}

TEST_F(Kmalloc, WrongFreesAreReported) {
  void* const large = alloc(20000);
  slabs.kfree(static_cast<std::byte*>(large) + 4096);
  expect_bug(Bug::invalid_free);
  slabs.kfree(large);
  slabs.kfree(large);
  expect_bug(Bug::double_free);
  int on_stack = 0;
  slabs.kfree(&on_stack);
  expect_bug(Bug::invalid_free);
}

}  // namespace
}  // namespace anyctx::test
