// Machines without a double-word swap: what stands in for it, and that nobody who may not wait
// waits for it.
#include <algorithm>

#include "tests/unit/slab_bed.h"

namespace anyctx::test {
namespace {

namespace site = slab::site;

struct NoCas2 : SlabBed {
  NoCas2() {
    hooks().has_cas2 = false;
    init({.encoded_freelist = true});
  }
  ~NoCas2() override {
    hooks().before = nullptr;
    script().fail = nullptr;
    script().smp = true;
    for (void* const object : kept) slabs.kfree(object);
    expect_nothing_live();
  }

  void keep(void* object) {
    ASSERT_NE(object, nullptr);
    ASSERT_EQ(std::ranges::count(kept, object), 0) << "handed out twice";
    kept.push_back(object);
  }
  /// A slab of the node's list with free objects and others in use; nothing cached by the CPU.
  void list_a_slab() {
    for (int i = 0; i < 64; ++i) keep(alloc(64));
    for (int i = 0; i < 8; ++i) release_last();
    slabs.kmem_cache_shrink(&bucket(64));
    ASSERT_EQ(bucket(64).node(0).peek_nr_partial(), 1u);
  }
  void release_last() {
    void* const object = kept.back();
    kept.pop_back();  // first: a handler may keep another one
    slabs.kfree(object);
  }
  std::vector<void*> kept;
};

TEST_F(NoCas2, BothFlavoursServe) {
  for (int i = 0; i < 400; ++i) keep(i % 2 == 0 ? alloc(64) : alloc_nolock(64));
  for (int i = 0; i < 200; ++i) {
    i % 2 == 0 ? slabs.kfree(kept.back()) : free_nolock(kept.back());
    kept.pop_back();
  }
  for (int i = 0; i < 200; ++i) keep(alloc_nolock(64));
}

TEST_F(NoCas2, IsRefusedIfTheConfigurationSaysSo) {
  init({.without_cas2 = slab::WithoutCas2::fail});
  EXPECT_EQ(alloc_nolock(64), nullptr);
  EXPECT_TRUE(script().caused_by(site::no_cas2));
  keep(alloc(64));

  kept.clear();
  init({.debug = slab::kDebugFlags, .without_cas2 = slab::WithoutCas2::fail});
  keep(alloc_nolock(64));  // single objects, under the list lock
}

TEST_F(NoCas2, SlabLockThatIsTakenMeansANewSlab) {
  list_a_slab();
  const std::int64_t slabs_before = census(bucket(64)).slabs;
  fail_always(site::slab_lock);
  keep(alloc_nolock(64));
  EXPECT_TRUE(script().caused_by(site::slab_lock));
  EXPECT_EQ(census(bucket(64)).slabs, slabs_before + 1);
  EXPECT_EQ(bucket(64).node(0).peek_nr_partial(), 1u);  // as it was
}

TEST_F(NoCas2, SlabLockOfTheCpuSlabFailsTheBucketAndKeepsTheSlab) {
  for (int i = 0; i < 64; ++i) keep(alloc(64));  // the CPU's slab is used up
  const slab::Slab<M>* const own = bucket(64).cpus().of(0).slab.peek();
  ASSERT_NE(own, nullptr);
  fail_always(site::slab_lock);
  void* const object = alloc_nolock(64);
  ASSERT_NE(object, nullptr);
  EXPECT_EQ(slabs.ksize(object), 96u);  // of the next bucket
  kept.push_back(object);
  EXPECT_EQ(bucket(64).cpus().of(0).slab.peek(), own);
}

TEST_F(NoCas2, SlabLockOfAChainedSlabKeepsTheChain) {
  for (int i = 0; i < 64 * 2; ++i) keep(alloc(64));
  slabs.kmem_cache_shrink(&bucket(64));
  slabs.kfree(kept.front());  // of a full slab: onto the CPU's chain
  kept.erase(kept.begin());
  const slab::Slab<M>* const chain = bucket(64).cpus().of(0).partial.peek();
  ASSERT_NE(chain, nullptr);
  fail_always(site::slab_lock);
  void* const object = alloc_nolock(64);
  ASSERT_NE(object, nullptr);
  kept.push_back(object);
  EXPECT_EQ(bucket(64).cpus().of(0).partial.peek(), chain);
}

struct NoCas2Nested : NoCas2, ::testing::WithParamInterface<bool> {};

TEST_P(NoCas2Nested, CodeInsideAnUpdateFindsTheLockTaken) {
  list_a_slab();
  script().smp = GetParam();
  // UP refuses NMIs; code without a context of its own comes everywhere.
  const auto context = GetParam() ? machine::Context::nmi : machine::Context::task;
  unsigned nested = 0;
  before(site::pair, Verb::store, [&] {
    M::in_context(context, [&] {
      ++nested;
      keep(alloc_nolock(64));
    });
  });
  release_last();
  EXPECT_EQ(nested, 1u);
  EXPECT_TRUE(script().caused_by(GetParam() ? site::slab_lock : page::site::up_nested));
}

INSTANTIATE_TEST_SUITE_P(UpAndSmp, NoCas2Nested, ::testing::Bool());

}  // namespace
}  // namespace anyctx::test
