// Sheaves that a user fills in advance.
#include "tests/unit/slab_sheaf_bed.h"

namespace anyctx::test {
namespace {

namespace gfp = page::gfp;
namespace site = slab::site;

TEST_F(Sheaves, PrefilledSheavesServeWithoutMemory) {
  for (const unsigned count : {1u, kCapacity, kCapacity + 1, 100u}) {
    slab::Sheaf<M>* const sheaf = slabs.kmem_cache_prefill_sheaf(&cache(), gfp::kernel, count);
    ASSERT_NE(sheaf, nullptr);
    EXPECT_GE(sheaf->size.peek(), count);
    script().fail = [](Site at) { return at != site::no_sheaf; };
    script().nolock = true;
    for (unsigned i = 0; i < count; ++i) {
      void* const object = slabs.kmem_cache_alloc_from_sheaf(&cache(), gfp::zero, sheaf);
      keep(object);
      EXPECT_EQ(machine::raw::find_other_hidden(object, 0, kSize), nullptr);
    }
    script().nolock = false;
    script().fail = nullptr;
    slabs.kmem_cache_return_sheaf(&cache(), sheaf);
    EXPECT_EQ(slab::audit(slabs), "");
  }
}

TEST_F(Sheaves, PrefilledSheavesAreReturnedWithWhatIsLeft) {
  for (const unsigned count : {2u, kCapacity, 3 * kCapacity}) {
    slab::Sheaf<M>* const sheaf = slabs.kmem_cache_prefill_sheaf(&cache(), gfp::kernel, count);
    ASSERT_NE(sheaf, nullptr);
    keep(slabs.kmem_cache_alloc_from_sheaf(&cache(), page::Gfp::none, sheaf));
    slabs.kmem_cache_return_sheaf(&cache(), sheaf);
  }
  EXPECT_EQ(census(cache()).live(), 3);
  free_many(3);
  EXPECT_TRUE(slabs.kmem_cache_shrink(&cache()));
}

TEST_F(Sheaves, PrefillTakesWhatIsAtHand) {
  fill(1);
  const std::int64_t count = sheaves();
  slab::Sheaf<M>* const sheaf = slabs.kmem_cache_prefill_sheaf(&cache(), gfp::kernel, kCapacity);
  EXPECT_EQ(sheaves(), count - 1);
  EXPECT_EQ(spare(), nullptr);
  slabs.kmem_cache_return_sheaf(&cache(), sheaf);
  EXPECT_EQ(spare(), sheaf);
}

TEST_F(Sheaves, RefillMayNeedALargerSheaf) {
  slab::Sheaf<M>* sheaf = slabs.kmem_cache_prefill_sheaf(&cache(), gfp::kernel, 2);
  EXPECT_TRUE(slabs.kmem_cache_refill_sheaf(&cache(), gfp::kernel, &sheaf, kCapacity));
  EXPECT_EQ(sheaf->size.peek(), kCapacity);
  EXPECT_TRUE(slabs.kmem_cache_refill_sheaf(&cache(), gfp::kernel, &sheaf, 20));
  EXPECT_EQ(sheaf->size.peek(), 20u);
  EXPECT_EQ(census(cache()).live(), 20);
  slabs.kmem_cache_return_sheaf(&cache(), sheaf);
  EXPECT_EQ(census(cache()).live(), 0);
}

TEST_F(Sheaves, PrefillWithoutMemoryKeepsNothing) {
  keep(alloc_nolock(kSize));
  std::vector<page::Page<M>*> all;
  keep_many(1);
  slabs.kmem_cache_shrink(&cache());
  slab::Sheaf<M>* sheaf = slabs.kmem_cache_prefill_sheaf(&cache(), gfp::nowait, 1);
  for (unsigned order = page::kMaxOrder + 1; order-- > 0;) {
    while (auto* page = pages.alloc_pages(gfp::nowait, page::kNoNode, order)) all.push_back(page);
  }
  EXPECT_EQ(slabs.kmem_cache_prefill_sheaf(&cache(), gfp::nowait, 30), nullptr);
  EXPECT_EQ(census(cache()).live(), 3);
  EXPECT_FALSE(slabs.kmem_cache_refill_sheaf(&cache(), gfp::nowait, &sheaf, 30));
  EXPECT_GE(sheaf->size.peek(), 1u);
  slabs.kmem_cache_return_sheaf(&cache(), sheaf);
  for (auto* page : all) pages.free_pages(page, page->order);
}

TEST_F(Sheaves, PrefillHasALimit) {
  EXPECT_EQ(slabs.kmem_cache_prefill_sheaf(&cache(), gfp::kernel, 1021), nullptr);
  EXPECT_TRUE(script().caused_by(site::size));
}

TEST_F(Sheaves, PrefillWorksForDebugCaches) {
  init({.debug = slab::kDebugFlags, .design = slab::Design::sheaves});
  slab::Sheaf<M>* const sheaf = slabs.kmem_cache_prefill_sheaf(&cache(), gfp::kernel, 5);
  ASSERT_NE(sheaf, nullptr);
  keep(slabs.kmem_cache_alloc_from_sheaf(&cache(), gfp::zero, sheaf));
  slabs.kmem_cache_return_sheaf(&cache(), sheaf);
  EXPECT_EQ(census(cache()).live(), 1);
}

TEST_F(Sheaves, TheClassicDesignHasNoSheavesToFill) {
  init();
  EXPECT_EQ(slabs.kmem_cache_prefill_sheaf(&cache(), gfp::kernel, 1), nullptr);
  EXPECT_TRUE(script().caused_by(site::no_sheaf));
}

}  // namespace
}  // namespace anyctx::test
