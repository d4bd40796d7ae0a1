// The life of caches: create, shrink, destroy.
#include "tests/unit/slab_bed.h"

namespace anyctx::test {
namespace {

using machine::Bug;
namespace gfp = page::gfp;
namespace site = slab::site;

struct CacheLife : SlabBed {
  CacheLife() { init({.encoded_freelist = true}); }
  CacheType* make(std::uint32_t size, void (*constructor)(void*) = nullptr) {
    return slabs.kmem_cache_create({.name = "own", .size = size, .constructor = constructor});
  }
  std::vector<void*> take(CacheType* cache, int count) {
    std::vector<void*> objects;
    for (int i = 0; i < count; ++i) objects.push_back(slabs.kmem_cache_alloc(cache, gfp::kernel));
    return objects;
  }
  void give(CacheType* cache, std::vector<void*>& objects) {
    for (void* const object : objects) slabs.kmem_cache_free(cache, object);
    objects.clear();
  }
  bool is_listed(const CacheType* wanted) const {
    for (const CacheType* c = slabs.first_cache(); c != nullptr; c = c->next_cache) {
      if (c == wanted) return true;
    }
    return false;
  }
};

TEST_F(CacheLife, CreateUseDestroy) {
  CacheType* const cache = make(200);
  ASSERT_NE(cache, nullptr);
  EXPECT_TRUE(is_listed(cache));
  std::vector<void*> objects = take(cache, 1000);
  EXPECT_EQ(slabs.ksize(objects[0]), 200u);
  EXPECT_EQ(census(*cache).live(), 1000);
  give(cache, objects);
  EXPECT_TRUE(slabs.kmem_cache_destroy(cache));
  EXPECT_FALSE(is_listed(cache));
  slab::for_each_slab(slabs, [&](const slab::Slab<M>& slab) { EXPECT_NE(slab.cache, cache); });
  expect_nothing_live();
}

TEST_F(CacheLife, ImpossibleConfigurationsAreRefused) {
  EXPECT_EQ(make(0), nullptr);
  EXPECT_EQ(make(4u << 20), nullptr);
  EXPECT_EQ(slabs.kmem_cache_create({.name = "odd", .size = 64, .align = 24}), nullptr);
}

TEST_F(CacheLife, AlignmentIsHonoured) {
  CacheType* const cache = slabs.kmem_cache_create({.name = "own", .size = 40, .align = 64});
  std::vector<void*> objects = take(cache, 100);
  for (void* const object : objects) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(object) % 64, 0u);
  }
  give(cache, objects);
  EXPECT_TRUE(slabs.kmem_cache_destroy(cache));
}

TEST_F(CacheLife, BigObjectsHaveSlabsOfTheirOwn) {
  CacheType* const cache = make(50000);
  std::vector<void*> objects = take(cache, 10);
  give(cache, objects);
  EXPECT_TRUE(slabs.kmem_cache_destroy(cache));
}

TEST_F(CacheLife, ConstructedStateSurvivesAFree) {
  CacheType* const cache = make(48, [](void* object) { std::memset(object, 0x17, 48); });
  std::vector<void*> objects = take(cache, 100);
  for (void* const object : objects) {
    EXPECT_EQ(machine::raw::find_other_hidden(object, 0x17, 48), nullptr);
  }
  give(cache, objects);
  objects = take(cache, 100);
  for (void* const object : objects) {
    EXPECT_EQ(machine::raw::find_other_hidden(object, 0x17, 48), nullptr);
  }
  give(cache, objects);
  EXPECT_TRUE(slabs.kmem_cache_destroy(cache));
}

TEST_F(CacheLife, DestroyWithLiveObjectsReportsAndKeepsThem) {
  CacheType* const cache = make(64);
  std::vector<void*> objects = take(cache, 3);
  std::memset(objects[1], 0x33, 64);
  EXPECT_FALSE(slabs.kmem_cache_destroy(cache));
  expect_bug(Bug::cache_in_use);
  EXPECT_FALSE(is_listed(cache));
  EXPECT_EQ(machine::raw::find_other_hidden(objects[1], 0x33, 64), nullptr);
  for (void* const object : objects) slabs.kfree(object);  // the struct is still there
  EXPECT_EQ(census(*cache).live(), 0);
}

TEST_F(CacheLife, DeferredFreesAreNotLiveObjects) {
  hooks().hold_interrupts = true;
  CacheType* const cache = make(64);
  script().cpu = 1;
  std::vector<void*> objects = take(cache, 200);
  script().cpu = 0;
  for (void* const object : objects) free_nolock(object);
  EXPECT_EQ(census(*cache).deferred, 200);
  EXPECT_TRUE(slabs.kmem_cache_destroy(cache));
  hooks().hold_interrupts = false;
  M::deliver();
  expect_nothing_live();
}

TEST_F(CacheLife, FreeIntoTheWrongCacheIsReported) {
  CacheType* const cache = make(64);
  void* const object = alloc(64);
  slabs.kmem_cache_free(cache, object);
  expect_bug(Bug::invalid_free);
  slabs.kfree(object);
  EXPECT_TRUE(slabs.kmem_cache_destroy(cache));
}

TEST_F(CacheLife, ShrinkGivesEmptySlabsBackAndSortsTheOthers) {
  CacheType* const cache = make(256);
  const auto per_slab = static_cast<int>(cache->layout().objects);
  std::vector<void*> objects = take(cache, per_slab * 30);
  // Slab i keeps i % 3 objects.
  std::vector<void*> keep;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const std::size_t index = i / static_cast<std::size_t>(per_slab);
    const std::size_t place = i % static_cast<std::size_t>(per_slab);
    if (place < index % 3) {
      keep.push_back(objects[i]);
    } else {
      slabs.kmem_cache_free(cache, objects[i]);
    }
  }
  EXPECT_FALSE(slabs.kmem_cache_shrink(cache));
  EXPECT_EQ(census(*cache).slabs, 20);
  std::uint32_t before = UINT32_MAX;
  for (const auto* slab = cache->node(0).partial().first(); slab != nullptr; slab = slab->next) {
    EXPECT_LE(slab->peek().counters.inuse, before) << "the fullest come first";
    before = slab->peek().counters.inuse;
  }
  EXPECT_EQ(slab::audit(slabs), "");
  give(cache, keep);
  EXPECT_TRUE(slabs.kmem_cache_shrink(cache));
  EXPECT_EQ(census(*cache).slabs, 0);
  EXPECT_TRUE(slabs.kmem_cache_destroy(cache));
}

TEST_F(CacheLife, NodesKeepNoMoreEmptySlabsThanTheyShould) {
  CacheType* const cache = make(1024);
  std::vector<void*> objects = take(cache, 1600);
  for (std::size_t i = 0; i < objects.size(); ++i) {
    slabs.kmem_cache_free(cache, objects[i * 7 % objects.size()]);
  }
  EXPECT_LE(cache->node(0).peek_nr_partial(),
            cache->layout().min_partial + cache->layout().cpu_partial_slabs);
  EXPECT_EQ(slab::audit(slabs), "");
  EXPECT_TRUE(slabs.kmem_cache_destroy(cache));
}

TEST_F(CacheLife, CpuChainIsBounded) {
  CacheType* const cache = make(1024);
  std::vector<void*> objects = take(cache, 1600);
  // One object of each slab: all slabs become partial, one after the other.
  const std::size_t per_slab = cache->layout().objects;
  for (std::size_t i = 0; i < objects.size(); i += per_slab) {
    slabs.kmem_cache_free(cache, std::exchange(objects[i], nullptr));
    const auto* const chain = cache->cpus().of(0).partial.peek();
    if (chain != nullptr) {
      EXPECT_LE(chain->chain_length, cache->layout().cpu_partial_slabs);
    }
  }
  EXPECT_GT(cache->node(0).peek_nr_partial(), 0u);
  EXPECT_EQ(slab::audit(slabs), "");
  for (void* const object : objects) slabs.kmem_cache_free(cache, object);
  EXPECT_TRUE(slabs.kmem_cache_destroy(cache));
}

}  // namespace
}  // namespace anyctx::test
