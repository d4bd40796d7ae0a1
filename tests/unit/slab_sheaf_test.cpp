// The sheaves design: where objects come from and go to, and what happens when a lock is taken, a
// sheaf is missing, or memory ends.
#include "tests/unit/slab_sheaf_bed.h"

namespace anyctx::test {
namespace {

using machine::Bug;
using machine::Context;
namespace gfp = page::gfp;
namespace site = slab::site;

TEST_F(Sheaves, CapacityDependsOnTheSize) {
  EXPECT_EQ(bucket(8).sheaf_capacity(), 60u);
  EXPECT_EQ(bucket(192).sheaf_capacity(), 60u);
  EXPECT_EQ(bucket(256).sheaf_capacity(), 28u);
  EXPECT_EQ(bucket(512).sheaf_capacity(), 28u);
  EXPECT_EQ(bucket(1024).sheaf_capacity(), 12u);
  EXPECT_EQ(bucket(8192).sheaf_capacity(), 4u);
  // Each sheaf fills an object of a bucket.
  EXPECT_EQ(slab::Sheaf<M>::bytes(60), 512u);
  EXPECT_EQ(slab::Sheaf<M>::bytes(28), 256u);
  EXPECT_EQ(slab::Sheaf<M>::bytes(12), 128u);
  EXPECT_EQ(slab::Sheaf<M>::bytes(4), 64u);
  static_assert(sizeof(slab::Sheaf<M>) <= slab::Sheaf<M>::kHeader);
}

TEST_F(Sheaves, AllSizesServe) {
  std::vector<void*> objects;
  for (const std::size_t size : slab::kBucketSizes) {
    for (int i = 0; i < 150; ++i) {
      objects.push_back(i % 3 == 0 ? alloc_nolock(size, gfp::zero) : alloc(size));
      ASSERT_NE(objects.back(), nullptr);
      if (i % 3 == 0) {
        EXPECT_EQ(machine::raw::find_other_hidden(objects.back(), 0, size), nullptr);
      }
      std::memset(objects.back(), 0x5c, size);
    }
    EXPECT_EQ(slab::audit(slabs), "");
    for (std::size_t i = 0; i < objects.size(); ++i) {
      i % 2 == 0 ? slabs.kfree(objects[i]) : free_nolock(objects[i]);
    }
    objects.clear();
    EXPECT_EQ(slab::audit(slabs), "");
  }
}

TEST_F(Sheaves, FirstAllocationFillsASheaf) {
  keep(alloc(kSize));
  EXPECT_EQ(main().size.peek(), kCapacity);
  EXPECT_EQ(census(cache()).slabs, 1);
  script().causes.clear();
  for (unsigned i = 0; i < kCapacity; ++i) keep(alloc_nolock(kSize));
  EXPECT_TRUE(script().causes.empty());
  EXPECT_EQ(main().size.peek(), 0u);
}

TEST_F(Sheaves, NolockTakesFromSlabsIfThereIsNoSheaf) {
  keep(alloc_nolock(kSize));
  EXPECT_EQ(sheaves(), 0);
  EXPECT_EQ(census(cache()).free_in_slabs, 7);
  keep(alloc_nolock(kSize));
  EXPECT_EQ(census(cache()).free_in_slabs, 6);
}

TEST_F(Sheaves, NolockFreeWithoutASheafIsDeferred) {
  void* const object = alloc_nolock(kSize);
  hooks().hold_interrupts = true;
  free_nolock(object);
  EXPECT_EQ(census(cache()).deferred, 1);
  hooks().hold_interrupts = false;
  slabs.deferred_work_barrier();
  EXPECT_EQ(census(cache()).free_in_slabs, 8);
}

TEST_F(Sheaves, ObjectsAreReusedLastInFirstOut) {
  keep_many(2);
  void* const object = drop();
  slabs.kfree(object);
  EXPECT_EQ(keep(alloc(kSize)), object);
}

TEST_F(Sheaves, FreesFillMainThenSpareThenTheBarn) {
  keep_many(40);
  slabs.kmem_cache_shrink(&cache());
  EXPECT_EQ(in_sheaves(), 0);
  free_many(1);
  EXPECT_EQ(main().size.peek(), 1u);
  free_many(kCapacity);
  EXPECT_EQ(main().size.peek(), 1u);
  ASSERT_NE(spare(), nullptr);
  EXPECT_EQ(spare()->size.peek(), kCapacity);
  free_many(kCapacity);
  EXPECT_EQ(barn().peek_full(), 1u);
  EXPECT_EQ(in_sheaves(), 2 * kCapacity + 1);
}

TEST_F(Sheaves, AFullBarnSendsTheSpareToItsSlabs) {
  init({.design = slab::Design::sheaves, .barn_limit = 2});
  fill(2);
  const std::int64_t count = sheaves();
  free_many(1);
  EXPECT_EQ(barn().peek_full(), 2u);
  EXPECT_EQ(sheaves(), count);  // the same ones
  EXPECT_EQ(in_sheaves(), 3 * kCapacity + 1);
}

TEST_F(Sheaves, AllocationsUseSpareAndBarn) {
  fill(2);
  script().causes.clear();
  for (unsigned i = 0; i < 4 * kCapacity; ++i) keep(alloc_nolock(kSize));
  EXPECT_TRUE(script().causes.empty());
  EXPECT_EQ(barn().peek_full(), 0u);
  EXPECT_EQ(barn().peek_empty(), 2u);
  EXPECT_EQ(in_sheaves(), 0);
}

TEST_F(Sheaves, NolockOnlyTriesTheBarn) {
  fill(1);
  for (unsigned i = 0; i < 2 * kCapacity; ++i) keep(alloc_nolock(kSize));
  fail_always(site::barn_lock);
  keep(alloc_nolock(kSize));  // of a slab
  EXPECT_TRUE(script().caused_by(site::barn_lock));
  EXPECT_EQ(barn().peek_full(), 1u);
}

TEST_F(Sheaves, NolockFreeNeverMakesRoom) {
  fill(0);
  const std::int64_t count = sheaves();
  hooks().hold_interrupts = true;
  free_nolock(drop());
  EXPECT_EQ(sheaves(), count);
  EXPECT_EQ(census(cache()).deferred, 1);
  hooks().hold_interrupts = false;
  M::deliver();
}

TEST_F(Sheaves, ATakenLockMeansSlabs) {
  fill(0);
  fail_always(site::sheaf_lock);
  const std::int64_t count = in_sheaves();
  keep(alloc_nolock(kSize));
  keep(alloc(kSize));
  slabs.kfree(drop());
  hooks().hold_interrupts = true;
  free_nolock(drop());
  EXPECT_EQ(in_sheaves(), count);
  EXPECT_EQ(census(cache()).deferred, 1);
  hooks().hold_interrupts = false;
  M::deliver();
}

TEST_F(Sheaves, TheSameObjectTwiceIsReported) {
  keep_many(1);
  void* const object = drop();
  slabs.kfree(object);
  slabs.kfree(object);
  expect_bug(Bug::double_free);
  free_nolock(object);
  expect_bug(Bug::double_free);
}

TEST_F(Sheaves, TheSameObjectTwiceInItsSlabIsReported) {
  void* const object = keep(alloc_nolock(kSize));
  keep(alloc_nolock(kSize));
  kept.erase(kept.begin());
  fail_always(site::sheaf_lock);
  slabs.kfree(object);
  slabs.kfree(object);
  expect_bug(Bug::double_free);
}

// Memory ends while a sheaf is filled: what it got is used.
TEST_F(Sheaves, APartlyFilledSheafIsUsed) {
  keep_many(2 * kCapacity + 1);
  slabs.kmem_cache_shrink(&cache());
  std::vector<page::Page<M>*> all;
  for (unsigned order = page::kMaxOrder + 1; order-- > 0;) {
    while (auto* page = pages.alloc_pages(gfp::nowait, page::kNoNode, order)) all.push_back(page);
  }
  const std::size_t before = kept.size();
  while (void* const object = alloc(kSize, gfp::nowait)) keep(object);
  EXPECT_GT(kept.size(), before);
  EXPECT_EQ(slab::audit(slabs), "");
  for (auto* page : all) pages.free_pages(page, page->order);
}

TEST_F(Sheaves, NoMemoryForASheafIsNoFailure) {
  keep(alloc_nolock(kSize));  // a slab, but no sheaf
  std::vector<page::Page<M>*> all;
  for (unsigned order = page::kMaxOrder + 1; order-- > 0;) {
    while (auto* page = pages.alloc_pages(gfp::nowait, page::kNoNode, order)) all.push_back(page);
  }
  for (int i = 0; i < 7; ++i) keep(alloc(kSize, gfp::nowait));
  EXPECT_EQ(sheaves(), 0);
  EXPECT_EQ(alloc(kSize, gfp::nowait), nullptr);
  for (auto* page : all) pages.free_pages(page, page->order);
}

TEST_F(Sheaves, DebugCachesHaveNone) {
  init({.debug = slab::kDebugFlags, .design = slab::Design::sheaves});
  keep_many(20);
  for (int i = 0; i < 10; ++i) free_nolock(drop());
  for (int i = 0; i < 10; ++i) keep(alloc_nolock(kSize));
  EXPECT_EQ(cache().sheaf_capacity(), 0u);
  EXPECT_EQ(sheaves(), 0);
}

TEST_F(Sheaves, ShrinkGivesEverythingBack) {
  fill(3);
  free_many(kCapacity);
  EXPECT_TRUE(kept.empty());
  EXPECT_TRUE(slabs.kmem_cache_shrink(&cache()));
  EXPECT_EQ(census(cache()).slabs, 0);
  EXPECT_EQ(sheaves(), 0);
}

TEST_F(Sheaves, OtherCpusFlushWhenTheyPoll) {
  script().cpu = 1;
  keep_many(1);
  free_many(1);
  script().cpu = 0;
  EXPECT_FALSE(slabs.kmem_cache_shrink(&cache()));
  script().cpu = 1;
  EXPECT_NE(main().size.peek(), 0u);
  slabs.poll_deferred();
  EXPECT_EQ(main().size.peek(), 0u);
  EXPECT_TRUE(slabs.kmem_cache_shrink(&cache()));
}

// A handler that polls inside the section of the code it interrupted leaves the request.
TEST_F(Sheaves, PollingInsideASectionTriesLater) {
  script().cpu = 1;
  keep_many(1);
  free_many(1);
  script().cpu = 0;
  slabs.kmem_cache_shrink(&cache());
  script().cpu = 1;
  before(site::sheaf_size, Verb::store, [this] { slabs.poll_deferred(); });
  keep(alloc(kSize));
  EXPECT_EQ(cache().cpus().of(1).flush_wanted.peek(), 1u);
  slabs.poll_deferred();
  EXPECT_EQ(in_sheaves(), 0);
}

TEST_F(Sheaves, CachesAreDestroyedWithTheirSheaves) {
  CacheType* const own = slabs.kmem_cache_create({.name = "own", .size = 2000});
  std::vector<void*> objects;
  for (unsigned cpu = 0; cpu < 2; ++cpu) {
    script().cpu = cpu;
    for (int i = 0; i < 60; ++i) objects.push_back(slabs.kmem_cache_alloc(own, gfp::kernel));
  }
  for (void* const object : objects) slabs.kmem_cache_free(own, object);
  EXPECT_TRUE(slabs.kmem_cache_destroy(own));
}

TEST_F(Sheaves, ObjectsOfACacheThatWasKeptGoToTheirSlabs) {
  CacheType* const own = slabs.kmem_cache_create({.name = "own", .size = 2000});
  void* const object = slabs.kmem_cache_alloc(own, gfp::kernel);
  EXPECT_FALSE(slabs.kmem_cache_destroy(own));
  expect_bug(Bug::cache_in_use);
  leaks_cache = true;
  slabs.kfree(object);
  EXPECT_EQ(census(*own).live(), 0);
  EXPECT_EQ(census(*own).free_in_sheaves, 0);
}

TEST_F(Sheaves, NodesKeepTheirOwn) {
  init(kSheaves, 2);
  script().cpu = 0;  // of node 0
  void* const remote = slabs.kmalloc(kSize, gfp::kernel | gfp::thisnode, 1);
  ASSERT_EQ(slab_of(remote)->node, 1u);
  void* const near = slabs.kmalloc(kSize, gfp::kernel | gfp::thisnode, 0);
  ASSERT_EQ(slab_of(near)->node, 0u);
  const std::int64_t before = in_sheaves();
  slabs.kfree(remote);
  EXPECT_EQ(in_sheaves(), before);
  slabs.kfree(near);
  EXPECT_EQ(in_sheaves(), before + 1);
  keep(slabs.kmalloc(kSize, gfp::kernel | gfp::thisnode, 1));
  EXPECT_EQ(slab_of(kept.back())->node, 1u);
}

// The frame drops its lock to fill a sheaf and goes on on another CPU.
TEST_F(Sheaves, MayMoveToAnotherCpuWhileItFillsASheaf) {
  script().cpu = 1;
  keep_many(1);
  script().cpu = 0;
  before(site::fresh_slab, Verb::probe, [] { script().cpu = 1; });  // to fill it from
  keep(alloc(kSize));
  EXPECT_EQ(script().cpu, 1u);
  ASSERT_NE(spare(), nullptr);
  EXPECT_EQ(spare()->size.peek(), kCapacity);
  EXPECT_EQ(slab::audit(slabs), "");
}

TEST_F(Sheaves, AFilledSheafThatCannotBeInstalledGoesToTheBarn) {
  script().fail = [n = 0](Site at) mutable { return at == site::sheaf_lock && ++n == 3; };
  keep(alloc(kSize));
  EXPECT_EQ(barn().peek_full(), 1u);
}

TEST_F(Sheaves, AnEmptySheafThatCannotBeInstalledGoesToTheBarn) {
  fill(0);
  script().fail = [n = 0](Site at) mutable { return at == site::sheaf_lock && ++n == 3; };
  slabs.kfree(drop());
  EXPECT_EQ(barn().peek_empty(), 1u);
}

struct SheafNesting : Sheaves, ::testing::WithParamInterface<Context> {};

// Wherever a handler comes: it serves and frees without touching the sheaves that are being
// changed.
TEST_P(SheafNesting, NothingIsHandedOutTwice) {
  const std::pair<Site, Verb> places[] = {
      {site::sheaf_size, Verb::load},   {site::sheaf_size, Verb::store},
      {site::cpu_main, Verb::load},     {site::cpu_main, Verb::store},
      {site::cpu_spare, Verb::store},   {site::barn_section, Verb::probe},
      {site::barn_length, Verb::load},  {site::sheaf_lock, Verb::trylock},
      {site::sheaf_lock, Verb::unlock}, {site::pair, Verb::cas},
  };
  for (const auto& [at, verb] : places) {
    for (unsigned nth = 1; nth < 9; ++nth) {
      for (unsigned run = 0; run < 2; ++run) {
        before(
            at, verb,
            [this] {
              M::in_context(GetParam(), [this] {
                void* const a = alloc_nolock(kSize);
                if (void* const b = alloc_nolock(kSize)) keep(b);
                free_nolock(a);
              });
            },
            nth);
        for (unsigned i = 0; i < 3 * kCapacity; ++i) keep(alloc(kSize));
        for (unsigned i = 0; i < 3 * kCapacity; ++i) slabs.kfree(drop());
        ASSERT_EQ(slab::audit(slabs), "");
      }
      hooks().before = nullptr;
    }
    while (!kept.empty()) slabs.kfree(drop());
  }
}

INSTANTIATE_TEST_SUITE_P(Contexts, SheafNesting,
                         ::testing::Values(Context::task, Context::hardirq, Context::nmi));

// Without a double-word swap.

TEST_F(Sheaves, WithoutASwapSheavesCanStillServe) {
  hooks().has_cas2 = false;
  init({.without_cas2 = slab::WithoutCas2::sheaf_only, .design = slab::Design::sheaves});
  EXPECT_EQ(alloc_nolock(kSize), nullptr);
  EXPECT_TRUE(script().caused_by(site::no_sheaf));
  EXPECT_FALSE(script().caused_by(site::list_lock));
  keep(alloc(kSize));
  for (unsigned i = 0; i < kCapacity; ++i) keep(alloc_nolock(kSize));
  EXPECT_EQ(alloc_nolock(kSize), nullptr);
  free_nolock(drop());
  EXPECT_EQ(main().size.peek(), 1u);
}

TEST_F(Sheaves, WithoutASwapNolockMayBeRefused) {
  hooks().has_cas2 = false;
  init({.without_cas2 = slab::WithoutCas2::fail, .design = slab::Design::sheaves});
  keep_many(2);
  EXPECT_EQ(alloc_nolock(kSize), nullptr);
  EXPECT_TRUE(script().caused_by(site::no_cas2));
  free_nolock(drop());
  EXPECT_EQ(in_sheaves(), kCapacity);
}

TEST_F(Sheaves, WithoutASwapTheSlabLockIsTried) {
  hooks().has_cas2 = false;
  init(kSheaves);
  keep(alloc_nolock(kSize));
  keep(alloc_nolock(kSize));
  const std::int64_t before = census(cache()).slabs;
  fail_always(site::slab_lock);
  keep(alloc_nolock(kSize));
  EXPECT_EQ(census(cache()).slabs, before + 1);
}

TEST_F(Sheaves, SheavesOnlyWithoutSheavesServesNothing) {
  hooks().has_cas2 = false;
  init({.without_cas2 = slab::WithoutCas2::sheaf_only});
  keep(alloc(kSize));
  EXPECT_EQ(alloc_nolock(kSize), nullptr);
  EXPECT_TRUE(script().caused_by(site::no_cas2));
}

TEST_F(Sheaves, OnRtTasksThatCannotBePreemptedAreServed) {
  script().rt = true;
  init(kSheaves);
  keep(alloc(kSize));
  const machine::IrqState irqs = M::irq_save();
  keep(alloc_nolock(kSize));
  free_nolock(drop());
  M::irq_restore(irqs);
  M::in_context(Context::nmi, [this] { EXPECT_EQ(alloc_nolock(kSize), nullptr); });
}

}  // namespace
}  // namespace anyctx::test
