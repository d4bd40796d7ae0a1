// Objects that somebody pays for: charges, vectors, and what happens when either cannot be had.
#include "tests/unit/slab_bed.h"

namespace anyctx::test {
namespace {

using page::Gfp;
using page::Spin;
namespace gfp = page::gfp;

class SlabChargeTest : public SlabBed {
 protected:
  using Group = page::MemCgroup<M>;
  using Payer = page::ObjCgroup<M>;

  void set_up(std::uint64_t max = Group::kNoLimit, const slab::Config& config = {}) {
    group_.init({.max = max});
    memcg_.init({.current = [](void* self) { return static_cast<SlabChargeTest*>(self)->current_; },
                 .owner = this});
    memcg = &memcg_;
    init(config);
    memcg_.bring_online(payer_, group_);
    current_ = &payer_;
  }

  static constexpr Gfp kAccounted = gfp::kernel | gfp::account;

  const Payer* payer_of(const void* object) {
    return slabs.charge().peek_payer(*slab_of(object), object);
  }
  CacheType& family(slab::Family which, std::size_t size) {
    return const_cast<CacheType&>(slabs.bucket_cache(slab::bucket_of(size), which));
  }
  bool is_of(const void* object, slab::Family which) {
    return slab_of(object)->cache == &family(which, slab_of(object)->cache->object_size());
  }
  std::uint32_t references() const { return payer_.peek_references(); }

  /// What the group has is what live objects, stocks and counters say.
  void expect_charged(std::uint64_t bytes) {
    bytes += payer_.peek_bytes() + memcg_.bytes().peek_stock(payer_).bytes +
             memcg_.pages().peek_stock(group_) * 4096;
    EXPECT_EQ(group_.peek_charged() * 4096, bytes);
  }
  /// After all is freed: nothing is charged and no vector is lost.
  void expect_nothing_charged() {
    slabs.deferred_work_barrier();
    EXPECT_EQ(slab::audit(slabs), "");
    memcg_.take_offline(payer_, Spin::allowed);
    memcg_.drain_unused_stocks();
    EXPECT_EQ(references(), 0u);
    EXPECT_TRUE(payer_.peek_released());
    EXPECT_EQ(group_.peek_charged(), 0u);
    for (const CacheType* cache = slabs.first_cache(); cache != nullptr;
         cache = cache->next_cache) {
      slabs.kmem_cache_shrink(const_cast<CacheType*>(cache));
    }
    slabs.deferred_work_barrier();
    std::int64_t vectors = 0;
    slab::for_each_slab(slabs, [&](const slab::Slab<M>& slab) {
      const bool has_vector = slab::ObjectCharge<M>::peek_vector(slab) != nullptr;
      if (has_vector && !slabs.charge().peek_in_tail(slab)) ++vectors;
    });
    for (unsigned bucket = 0; bucket < slab::kBuckets; ++bucket) {
      vectors -= census(family(slab::Family::internal, slab::kBucketSizes[bucket])).live();
    }
    EXPECT_EQ(vectors, 0);
  }

  Group group_;
  Payer payer_;
  Payer* current_ = nullptr;
  page::Memcg<M> memcg_;
};

TEST_F(SlabChargeTest, every_free_uncharges_once) {
  set_up();
  for (unsigned way = 0; way < 3; ++way) {
    void* const object = way == 0 ? alloc(64, kAccounted) : alloc_nolock(64, gfp::account);
    ASSERT_NE(object, nullptr);
    EXPECT_TRUE(is_of(object, slab::Family::accounted));
    EXPECT_EQ(payer_of(object), &payer_);
    expect_charged(72);
    way == 2 ? free_nolock(object) : slabs.kfree(object);
    EXPECT_EQ(payer_of(object), nullptr);
    expect_charged(0);
  }
  expect_nothing_charged();
}

TEST_F(SlabChargeTest, a_deferred_free_uncharges_before_it_is_deferred) {
  set_up();
  void* const object = alloc_nolock(64, gfp::account);
  hooks().hold_interrupts = true;
  fail_always(slab::site::cpu_busy);
  free_nolock(object);
  script().fail = nullptr;
  EXPECT_TRUE(slabs.deferred().peek_contains(object));
  expect_charged(0);
  hooks().hold_interrupts = false;
  expect_nothing_charged();
}

TEST_F(SlabChargeTest, nobody_pays_unless_asked_and_named) {
  set_up(0);
  void* const unasked = alloc(64);
  EXPECT_FALSE(is_of(unasked, slab::Family::accounted));
  current_ = nullptr;
  void* const nobodys = alloc_nolock(64, gfp::account);
  ASSERT_NE(nobodys, nullptr);
  EXPECT_EQ(payer_of(nobodys), nullptr);
  slabs.kfree(unasked);
  slabs.kfree(nobodys);
  expect_nothing_charged();
}

TEST_F(SlabChargeTest, who_may_not_pay_gets_nothing_and_no_second_try) {
  set_up(0);
  EXPECT_EQ(alloc_nolock(64, gfp::account), nullptr);
  EXPECT_EQ(group_.peek_refused(), 1u);
  EXPECT_TRUE(script().caused_by(page::site::memcg_limit));
  EXPECT_EQ(census(family(slab::Family::accounted, 64)).live(), 0);
  EXPECT_EQ(census(family(slab::Family::accounted, 96)).slabs, 0);
  EXPECT_EQ(alloc(64, kAccounted), nullptr);
  EXPECT_EQ(references(), 1u);
  expect_nothing_charged();
}

TEST_F(SlabChargeTest, the_object_goes_back_without_waiting) {
  set_up(0);
  script().context = machine::Context::nmi;
  hooks().hold_interrupts = true;
  // The fast path of the free is closed: it must be deferred.
  script().fail = [](Site at) {
    return at == slab::site::cpu_busy && script().caused_by(page::site::memcg_limit);
  };
  EXPECT_EQ(alloc_nolock(64, gfp::account), nullptr);
  script().fail = nullptr;
  script().context = machine::Context::task;
  EXPECT_EQ(census(family(slab::Family::accounted, 64)).deferred, 1);
  hooks().hold_interrupts = false;
  expect_nothing_charged();
}

TEST_F(SlabChargeTest, large_objects_pay_by_the_page) {
  set_up(8);
  void* const object = alloc(20000, kAccounted);
  ASSERT_NE(object, nullptr);
  EXPECT_EQ(references(), 9u);
  EXPECT_EQ(alloc(100, kAccounted), nullptr);
  slabs.kfree(object);
  expect_nothing_charged();
}

TEST_F(SlabChargeTest, objects_of_any_cache_can_be_paid_for) {
  set_up();
  slab::CacheConfig config;
  config.name = "test";
  config.size = 512;
  CacheType* const cache = slabs.kmem_cache_create(config);
  void* const unasked = slabs.kmem_cache_alloc(cache, gfp::kernel);
  EXPECT_EQ(slab::ObjectCharge<M>::peek_vector(*slab_of(unasked)), nullptr);
  void* const object = slabs.kmem_cache_alloc(cache, kAccounted);
  EXPECT_EQ(payer_of(object), &payer_);
  EXPECT_EQ(payer_of(unasked), nullptr);
  expect_charged(520);
  slabs.kmem_cache_free(cache, object);
  slabs.kmem_cache_free(cache, unasked);
  EXPECT_TRUE(slabs.kmem_cache_destroy(cache));
  expect_nothing_charged();
}

TEST_F(SlabChargeTest, a_vector_that_fits_is_behind_the_objects) {
  set_up();
  slab::CacheConfig config;
  config.name = "test";
  config.size = 1000;  // 8 of them leave 192 bytes
  CacheType* const cache = slabs.kmem_cache_create(config);
  void* const object = slabs.kmem_cache_alloc(cache, kAccounted);
  EXPECT_TRUE(slabs.charge().peek_in_tail(*slab_of(object)));
  EXPECT_EQ(payer_of(object), &payer_);
  slabs.kmem_cache_free(cache, object);
  EXPECT_TRUE(slabs.kmem_cache_destroy(cache));
  expect_nothing_charged();
}

TEST_F(SlabChargeTest, vectors_lie_in_slabs_that_have_none) {
  set_up();
  for (const std::size_t size : {8u, 64u, 512u, 4096u}) {
    void* const object = alloc(size, kAccounted);
    const void* const vector = slab::ObjectCharge<M>::peek_vector(*slab_of(object));
    ASSERT_NE(vector, nullptr);
    EXPECT_TRUE(is_of(vector, slab::Family::internal));
    EXPECT_EQ(slab::ObjectCharge<M>::peek_vector(*slab_of(vector)), nullptr);
    slabs.kfree(object);
  }
  expect_nothing_charged();
}

/// From the nth on, the CPU's objects of a cache cannot be had: first it is the cache of the
/// object, then that of its slab's vector, when the slab is made, and when the object is handed
/// out.
constexpr unsigned kVectorOfSlab = 2;
constexpr unsigned kVectorOfObject = 3;
std::function<bool(Site)> busy(unsigned from, unsigned to) {
  return [=, checks = 0u](Site at) mutable {
    if (at != slab::site::cpu_busy) return false;
    ++checks;
    return from <= checks && checks <= to;
  };
}

TEST_F(SlabChargeTest, without_a_vector_an_object_is_free_of_charge) {
  set_up();
  script().fail = busy(kVectorOfSlab, kVectorOfObject);
  void* const first = alloc_nolock(512, gfp::account);
  script().fail = nullptr;
  ASSERT_NE(first, nullptr);
  EXPECT_TRUE(slab::ObjectCharge<M>::peek_failed(*slab_of(first)));
  expect_charged(0);
  // The next one has more luck.
  void* const second = alloc_nolock(512, gfp::account);
  ASSERT_EQ(slab_of(second), slab_of(first));
  EXPECT_EQ(payer_of(first), nullptr);
  EXPECT_EQ(payer_of(second), &payer_);
  expect_charged(520);
  free_nolock(first);
  free_nolock(second);
  expect_charged(0);
  expect_nothing_charged();
}

TEST_F(SlabChargeTest, of_two_vectors_one_stays_and_the_other_is_freed) {
  set_up();
  void* nested = nullptr;
  script().fail = busy(kVectorOfSlab, kVectorOfSlab);
  before_in_nmi(slab::site::payers, Verb::cas, [&] { nested = alloc_nolock(512, gfp::account); });
  void* const object = alloc_nolock(512, gfp::account);
  script().fail = nullptr;
  ASSERT_NE(nested, nullptr);
  ASSERT_EQ(slab_of(nested), slab_of(object));
  EXPECT_EQ(payer_of(nested), &payer_);
  EXPECT_EQ(payer_of(object), &payer_);
  expect_charged(2 * 520);
  free_nolock(nested);
  free_nolock(object);
  expect_nothing_charged();
}

TEST_F(SlabChargeTest, a_failure_does_not_replace_a_vector) {
  set_up();
  void* nested = nullptr;
  script().fail = busy(kVectorOfSlab, kVectorOfObject);
  before_in_nmi(slab::site::payers, Verb::cas, [&] { nested = alloc_nolock(512, gfp::account); });
  void* const object = alloc_nolock(512, gfp::account);
  script().fail = nullptr;
  ASSERT_NE(nested, nullptr);
  ASSERT_EQ(slab_of(nested), slab_of(object));
  EXPECT_FALSE(slab::ObjectCharge<M>::peek_failed(*slab_of(object)));
  EXPECT_EQ(payer_of(nested), &payer_);
  EXPECT_EQ(payer_of(object), &payer_);
  free_nolock(nested);
  free_nolock(object);
  expect_nothing_charged();
}

TEST_F(SlabChargeTest, debug_caches_charge_as_well) {
  slab::Config config;
  config.debug = slab::kDebugFlags;
  set_up(Group::kNoLimit, config);
  void* const object = alloc_nolock(64, gfp::account);
  ASSERT_NE(object, nullptr);
  EXPECT_EQ(payer_of(object), &payer_);
  expect_charged(slab_of(object)->cache->layout().size + 8);
  free_nolock(object);
  slabs.deferred_work_barrier();
  expect_charged(0);
  expect_nothing_charged();
}

TEST_F(SlabChargeTest, a_fresh_slab_of_a_debug_cache_that_goes_back_takes_its_vector_along) {
  slab::Config config;
  config.debug = slab::CacheFlags::poison;
  set_up(Group::kNoLimit, config);
  // The cache's list is taken when its slab shall be published: the next bucket serves instead.
  CacheType& cache = family(slab::Family::accounted, 512);
  std::optional<slab::NodeSection<M>> section;
  before(
      slab::site::fresh_slab, Verb::probe, [&] { section.emplace(cache.node(0), Spin::never); }, 2);
  void* const object = alloc_nolock(512, gfp::account);
  section.reset();
  ASSERT_NE(object, nullptr);
  EXPECT_EQ(slab_of(object)->cache->object_size(), 1024u);
  EXPECT_EQ(census(cache).slabs, 0);
  free_nolock(object);
  slabs.deferred_work_barrier();
  expect_charged(0);
  expect_nothing_charged();
}

}  // namespace
}  // namespace anyctx::test
