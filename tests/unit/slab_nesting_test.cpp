// Operations that run inside other operations, at the instructions where it matters.
#include <algorithm>

#include "tests/unit/slab_bed.h"

namespace anyctx::test {
namespace {

using machine::Context;
using page::Gfp;
namespace gfp = page::gfp;
namespace site = slab::site;

struct Nesting : SlabBed {
  Nesting() { init({.encoded_freelist = true}); }
  ~Nesting() override {
    hooks().before = nullptr;
    script().fail = nullptr;
    for (void* const object : kept) slabs.kfree(object);
    expect_nothing_live();
  }

  /// Every object is handed out once.
  void keep(void* object) {
    ASSERT_NE(object, nullptr);
    ASSERT_EQ(std::ranges::count(kept, object), 0) << "handed out twice";
    kept.push_back(object);
  }
  std::vector<void*> kept;
};

// A handler takes A and B from under the interrupted pop and gives A back: same head, other next.
TEST_F(Nesting, PopNoticesThatTheSameHeadCameBack) {
  keep(alloc(64));  // the CPU has a slab
  before_in_nmi(site::cpu_pair, Verb::cas, [this] {
    void* const a = alloc_nolock(64);
    keep(alloc_nolock(64));
    free_nolock(a);
  });
  keep(alloc(64));
  keep(alloc(64));
  keep(alloc(64));
}

// The same between any two accesses of the fast paths: tid, freelist, slab, link, swap.
TEST_F(Nesting, NothingIsHandedOutTwiceWhereverAHandlerRuns) {
  const std::pair<Site, Verb> kPlaces[] = {
      {site::cpu_tid, Verb::load},        {site::cpu_freelist, Verb::load},
      {site::cpu_slab, Verb::load},       {site::freelist_link, Verb::load},
      {site::freelist_link, Verb::store}, {site::cpu_pair, Verb::cas},
  };
  for (const auto& [at, verb] : kPlaces) {
    void* const victim = alloc(64);
    before_in_nmi(at, verb, [this] {
      void* const a = alloc_nolock(64);
      keep(alloc_nolock(64));
      free_nolock(a);
    });
    slabs.kfree(victim);
    before_in_nmi(at, verb, [this] {
      void* const a = alloc_nolock(64);
      keep(alloc_nolock(64));
      free_nolock(a);
    });
    keep(alloc(64));
    hooks().before = nullptr;
    keep(alloc(64));
  }
}

// A task that read one CPU's pair swaps another CPU's: the tid tells them apart.
TEST_F(Nesting, MigrationBeforeTheSwapIsNoticed) {
  script().cpu = 1;
  keep(alloc(64));
  script().cpu = 0;
  keep(alloc(64));
  before(site::cpu_pair, Verb::cas, [] { script().cpu = 1; });
  keep(alloc(64));
  before(site::cpu_pair, Verb::cas, [] { script().cpu = 0; });
  slabs.kfree(kept.back());
  kept.pop_back();
  hooks().before = nullptr;
  for (int i = 0; i < 100; ++i) keep(alloc(64));
  script().cpu = 1;
  for (int i = 0; i < 100; ++i) keep(alloc(64));
}

// A free checks whose slab the CPU has; a handler makes the CPU take another one.
TEST_F(Nesting, PushNoticesThatTheCpuHasAnotherSlabNow) {
  const std::pair<Site, Verb> kPlaces[] = {
      {site::cpu_tid, Verb::load},      {site::cpu_slab, Verb::load},
      {site::cpu_freelist, Verb::load}, {site::freelist_link, Verb::store},
      {site::cpu_pair, Verb::cas},
  };
  for (const auto& [at, verb] : kPlaces) {
    void* const victim = alloc(64);
    const auto* const slab = bucket(64).cpus().of(0).slab.peek();
    ASSERT_EQ(slab, slab_of(victim));
    before_in_nmi(at, verb, [this, slab] {
      while (bucket(64).cpus().of(0).slab.peek() == slab) keep(alloc_nolock(64));
    });
    slabs.kfree(victim);
    hooks().before = nullptr;
    EXPECT_EQ(slab::audit(slabs), "");
  }
}

// Inside the locked section: before the freelist is written, and between it and the tid.
TEST_F(Nesting, SectionOfTheSlowPathSendsHandlersElsewhere) {
  for (const Site at : {site::cpu_freelist, site::cpu_tid}) {
    keep(alloc(64));
    while (bucket(64).cpus().of(0).peek_freelist() != nullptr) keep(alloc(64));
    void* const mine = kept.back();
    kept.pop_back();
    // Freed by another CPU: the next allocation gets it from the slab, in the section.
    script().cpu = 1;
    slabs.kfree(kept.back());
    kept.pop_back();
    script().cpu = 0;
    ASSERT_EQ(bucket(64).cpus().of(0).slab.peek(), slab_of(mine));
    before_in_nmi(at, Verb::store, [this, mine] {
      void* const object = alloc_nolock(64);
      keep(object);
      EXPECT_EQ(slabs.ksize(object), 96u) << "the bucket is busy, the next one serves";
      free_nolock(mine);
      EXPECT_TRUE(slabs.deferred().contains(mine));
    });
    keep(alloc(64));
    hooks().before = nullptr;
    EXPECT_TRUE(script().caused_by(site::cpu_busy));
  }
}

// A probe program in the section has the context of the interrupted code, not that of an NMI.
TEST_F(Nesting, ProbeProgramInTheSectionIsSentElsewhereToo) {
  keep(alloc(64));
  while (bucket(64).cpus().of(0).peek_freelist() != nullptr) keep(alloc(64));
  before(site::cpu_tid, Verb::store, [this] {
    EXPECT_EQ(script().context, Context::task);
    void* const object = alloc_nolock(64);
    keep(object);
    EXPECT_EQ(slabs.ksize(object), 96u);
  });
  keep(alloc(64));
}

// A handler gives the CPU a slab while the interrupted path fetches one.
TEST_F(Nesting, DisplacedSlabIsDeferredByNolock) {
  hooks().hold_interrupts = true;
  before_in_nmi(slab::site::fresh_slab, Verb::probe, [this] { keep(alloc_nolock(64)); });
  keep(alloc_nolock(64));
  hooks().before = nullptr;
  EXPECT_EQ(census(bucket(64)).slabs, 2);
  EXPECT_EQ(census(bucket(64)).free_in_displaced, 63);
  EXPECT_EQ(slab::audit(slabs), "");
  hooks().hold_interrupts = false;
  M::deliver();
  EXPECT_EQ(census(bucket(64)).free_in_displaced, 0);
  EXPECT_EQ(bucket(64).node(0).peek_nr_partial(), 1u);
}

TEST_F(Nesting, DisplacedSlabIsDeactivatedByOrdinary) {
  before_in_nmi(slab::site::fresh_slab, Verb::probe, [this] { keep(alloc_nolock(64)); });
  keep(alloc(64));
  EXPECT_EQ(census(bucket(64)).slabs, 2);
  EXPECT_EQ(bucket(64).node(0).peek_nr_partial(), 1u);
}

// The lock fails when the new slab is to be installed: the object is served, the slab deferred.
TEST_F(Nesting, LockThatFailsAtTheEndLosesNothing) {
  hooks().hold_interrupts = true;
  fail_always(site::cpu_lock);
  keep(alloc_nolock(64));
  EXPECT_EQ(slabs.ksize(kept.back()), 64u);
  EXPECT_EQ(census(bucket(64)).free_in_displaced, 63);
  script().fail = nullptr;
  hooks().hold_interrupts = false;
}

TEST_F(Nesting, ListLockThatIsTakenMeansANewSlab) {
  std::vector<void*> objects;
  for (int i = 0; i < 64 * 12; ++i) objects.push_back(alloc(64));
  for (void* const object : objects) slabs.kfree(object);
  ASSERT_GT(bucket(64).node(0).peek_nr_partial(), 0u);
  slabs.kmem_cache_shrink(&bucket(64));
  for (int i = 0; i < 64 * 3; ++i) keep(alloc(64));
  slabs.kfree(kept.front());
  kept.erase(kept.begin());
  slabs.kmem_cache_shrink(&bucket(64));
  ASSERT_GT(bucket(64).node(0).peek_nr_partial(), 0u);
  const std::int64_t before_failure = census(bucket(64)).slabs;
  fail_always(site::list_lock);
  keep(alloc_nolock(64));
  script().fail = nullptr;
  EXPECT_TRUE(script().caused_by(site::list_lock));
  EXPECT_EQ(census(bucket(64)).slabs, before_failure + 1);
}

// Inside list sections: nested operations fail or defer, and come back to intact lists.
TEST_F(Nesting, HandlersInsideListSectionsFindTheLockTaken) {
  std::vector<void*> objects;
  for (int i = 0; i < 64 * 20; ++i) objects.push_back(alloc(64));
  hooks().before = [this](Site at, Verb) {
    if (at != site::list_section) return;
    M::in_context(Context::nmi, [this] {
      void* const object = alloc_nolock(64);
      if (object != nullptr) free_nolock(object);
    });
  };
  for (std::size_t i = 0; i < objects.size(); ++i) slabs.kfree(objects[i * 7 % objects.size()]);
  slabs.kmem_cache_shrink(&bucket(64));
}

TEST_F(Nesting, SpuriousSwapFailuresAreRetried) {
  unsigned swaps = 0;
  hooks().fail_swap = [&](Site, Verb) { return ++swaps % 2 == 1; };
  std::vector<void*> objects;
  for (int i = 0; i < 300; ++i) {
    void* const object = i % 2 == 0 ? alloc(64) : alloc_nolock(64);
    ASSERT_NE(object, nullptr);
    objects.push_back(object);
  }
  for (std::size_t i = 0; i < objects.size(); ++i) {
    i % 2 == 0 ? slabs.kfree(objects[i]) : free_nolock(objects[i]);
  }
  hooks().fail_swap = nullptr;
  EXPECT_GT(swaps, 600u);
}

// UP: trylocks succeed even inside the section; the flag of the lock refuses.
TEST_F(Nesting, UpProbeProgramInAListSectionIsRefused) {
  script().smp = false;
  std::vector<void*> objects;
  for (int i = 0; i < 64 * 20; ++i) objects.push_back(alloc(64));
  hooks().before = [this](Site at, Verb) {
    if (at != site::list_section) return;
    void* const object = alloc_nolock(64);
    if (object != nullptr) free_nolock(object);
  };
  for (std::size_t i = 0; i < objects.size(); ++i) slabs.kfree(objects[i * 7 % objects.size()]);
}

}  // namespace
}  // namespace anyctx::test
