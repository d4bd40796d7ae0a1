// Debug caches: planted damage is reported and contained; the nolock forms never loop.
#include <algorithm>

#include "tests/unit/slab_bed.h"

namespace anyctx::test {
namespace {

using machine::Bug;
using machine::Context;
using slab::CacheFlags;
namespace gfp = page::gfp;
namespace site = slab::site;

struct DebugCache : SlabBed {
  DebugCache() {
    init({.encoded_freelist = true});
    cache = make(slab::kDebugFlags);
  }
  CacheType* make(CacheFlags flags) {
    return slabs.kmem_cache_create({.name = "debug", .size = 40, .flags = flags});
  }
  void* take() { return slabs.kmem_cache_alloc(cache, gfp::kernel); }
  void give(void* object) { slabs.kmem_cache_free(cache, object); }
  /// A write that no sanitizer sees and that changes the byte.
  static void scribble(void* object, std::ptrdiff_t at) {
    auto* const byte = static_cast<std::uint8_t*>(object) + at;
    std::uint8_t value = 0;
    while (machine::raw::find_other_hidden(byte, value, 1) != nullptr) ++value;
    machine::raw::fill_hidden(byte, static_cast<std::uint8_t>(~value), 1);
  }
  CacheType* cache = nullptr;
};

TEST_F(DebugCache, HandsOutAndTakesBackUnderTheListLock) {
  std::vector<void*> objects;
  for (int i = 0; i < 500; ++i) objects.push_back(take());
  EXPECT_EQ(cache->cpus().of(0).slab.peek(), nullptr);
  EXPECT_EQ(census(*cache).live(), 500);
  EXPECT_EQ(slab::audit(slabs), "");
  for (void* const object : objects) std::memset(object, 0xee, 40);
  for (void* const object : objects) give(object);
  EXPECT_EQ(census(*cache).live(), 0);
  EXPECT_TRUE(slabs.kmem_cache_destroy(cache));
  expect_nothing_live();
}

TEST_F(DebugCache, NewObjectsArePoisoned) {
  void* const object = take();
  EXPECT_EQ(machine::raw::find_other_hidden(object, 0x6b, 39), nullptr);
  give(object);
}

TEST_F(DebugCache, RecordsWhoAllocatedAndWhoFreed) {
  void* const object = take();
  script().cpu = 1;
  give(object);
  const slab::DebugObject debug(*cache, object);
  EXPECT_EQ(debug.track(0).cpu, 0u);
  EXPECT_EQ(debug.track(1).cpu, 1u);
  EXPECT_LT(debug.track(0).sequence, debug.track(1).sequence);
}

TEST_F(DebugCache, WriteAfterFreeIsFoundByTheNextAllocation) {
  void* const object = take();
  give(object);
  scribble(object, 7);
  void* const next = take();
  expect_bug(Bug::poison_overwritten);
  ASSERT_NE(next, nullptr);
  EXPECT_NE(slab_of(next), slab_of(object)) << "the damaged slab is given up";
  give(next);
  EXPECT_GT(census(*cache).given_up, 0);
  EXPECT_EQ(slab::audit(slabs), "");
}

TEST_F(DebugCache, WritePastTheEndIsFoundByTheFree) {
  for (const std::ptrdiff_t at : {40, -1}) {
    void* const object = take();
    scribble(object, at);
    give(object);
    expect_bug(Bug::redzone_overwritten);
  }
  EXPECT_EQ(census(*cache).live(), 2) << "damaged objects are leaked";
}

TEST_F(DebugCache, RequestedSizeIsWhereTheRedZoneBegins) {
  init({.debug = slab::kDebugFlags});
  void* const object = alloc(40);
  scribble(object, 40);  // inside of the 64 bytes of the bucket
  slabs.kfree(object);
  expect_bug(Bug::redzone_overwritten);
  void* const asked = alloc(40, gfp::kernel | gfp::zero);
  EXPECT_EQ(slabs.ksize(asked), 64u);
  scribble(asked, 40);  // whoever asks may use it all
  slabs.kfree(asked);
}

TEST_F(DebugCache, FreeingTwiceIsFound) {
  void* const first = take();
  void* const second = take();
  give(first);
  give(second);
  give(first);  // not the head of the freelist
  expect_bug(Bug::double_free);
  give(second);
  expect_bug(Bug::double_free);
  EXPECT_EQ(census(*cache).live(), 0);
}

TEST_F(DebugCache, FreeingThePartOfAnObjectIsFound) {
  void* const object = take();
  give(static_cast<std::byte*>(object) + 8);
  expect_bug(Bug::invalid_free);
  give(object);
}

TEST_F(DebugCache, OverwrittenLinkIsFound) {
  void* const object = take();
  give(object);
  scribble(object, cache->layout().offset + 3);
  void* const next = take();
  expect_bug(Bug::freelist_corrupt);
  EXPECT_NE(slab_of(next), slab_of(object));
  give(next);
}

TEST_F(DebugCache, EachCheckWorksAlone) {
  for (const CacheFlags flags : {CacheFlags::red_zone, CacheFlags::poison, CacheFlags::store_user,
                                 CacheFlags::consistency}) {
    cache = make(flags);
    std::vector<void*> objects;
    for (int i = 0; i < 300; ++i) objects.push_back(take());
    for (void* const object : objects) std::memset(object, 0xee, 40);
    for (void* const object : objects) give(object);
    EXPECT_EQ(slab::audit(slabs), "");
    EXPECT_TRUE(slabs.kmem_cache_destroy(cache));
  }
}

struct DebugBuckets : SlabBed {
  DebugBuckets() { init({.encoded_freelist = true, .debug = slab::kDebugFlags}); }
};

TEST_F(DebugBuckets, NolockAllocatesAndDefersFrees) {
  std::vector<void*> objects;
  M::in_context(Context::nmi, [&] {
    for (int i = 0; i < 200; ++i) objects.push_back(alloc_nolock(100, gfp::zero));
  });
  for (void* const object : objects) {
    ASSERT_NE(object, nullptr);
    EXPECT_TRUE(std::all_of(static_cast<char*>(object), static_cast<char*>(object) + 100,
                            [](char byte) { return byte == 0; }));
  }
  hooks().hold_interrupts = true;
  for (void* const object : objects) free_nolock(object);
  EXPECT_EQ(census(bucket(100)).deferred, 200);
  expect_nothing_live();
}

// The list lock is never free: one fresh slab per attempt, given back uncounted, then null.
TEST_F(DebugBuckets, StickyTrylockFailureEndsInNull) {
  const auto free_pages = [this] {
    const page::Census census = page::take_census(pages);
    return census.buddy + census.pcp + census.parked;
  };
  const std::int64_t before_failure = free_pages();
  fail_always(site::list_lock);
  EXPECT_EQ(alloc_nolock(64), nullptr);
  script().fail = nullptr;
  EXPECT_EQ(std::ranges::count(script().causes, site::list_lock), 2) << "one per bucket";
  EXPECT_EQ(free_pages(), before_failure);
  EXPECT_EQ(bucket(64).node(0).peek_nr_slabs(), 0);
  EXPECT_EQ(bucket(64).node(0).peek_total_objects(), 0);
  EXPECT_EQ(slab::audit(slabs), "");
}

// A handler in the section that takes one object out of a slab.
TEST_F(DebugBuckets, HandlerInTheSectionFindsTheLockTaken) {
  void* const first = alloc(64);
  void* inner = first;
  before_in_nmi(site::debug_section, Verb::probe, [&] { inner = alloc_nolock(64); });
  void* const second = alloc(64);
  hooks().before = nullptr;
  ASSERT_NE(inner, nullptr);
  EXPECT_EQ(slabs.ksize(inner), 96u);
  EXPECT_NE(first, second);
  for (void* const object : {first, second, inner}) slabs.kfree(object);
  expect_nothing_live();
}

}  // namespace
}  // namespace anyctx::test
