// SlabBed: a slab allocator on the slab machine, with memory of its own and checks after use.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "lib/page/census.h"
#include "lib/slab/audit.h"
#include "tests/unit/slab_machine.h"

namespace anyctx::test {

class SlabBed : public ::testing::Test {
 protected:
  using M = SlabMachine;
  using Allocator = slab::SlabAllocator<M>;
  using CacheType = slab::Cache<M>;

  ~SlabBed() override {
    EXPECT_EQ(slab::audit(slabs), "");
    EXPECT_EQ(page::audit(pages), "");
    EXPECT_EQ(script().irqs_off, 0);
    EXPECT_EQ(script().pinned, 0);
    EXPECT_EQ(script().locks_held, 0);
    EXPECT_TRUE(script().violations.empty()) << script().violations.front();
    EXPECT_EQ(script().bugs.size(), expected_bugs_);
    script() = {};
    hooks() = {};
    machine::Native::mark_used(memory_.get(), kPages << 12);
  }

  static Script& script() { return M::script; }
  static SlabScript& hooks() { return M::slab; }

  /// Memory starts dirty, so that missing zeroing shows.
  void init(const slab::Config& config = {}, unsigned nodes = 1) {
    if (memory_ == nullptr) {
      memory_.reset(static_cast<std::byte*>(std::aligned_alloc(4u << 20, kPages << 12)));
    }
    machine::Native::mark_used(memory_.get(), kPages << 12);
    std::memset(memory_.get(), 0xd1, kPages << 12);
    page::Config page_config;
    page_config.base = memory_.get();
    page_config.page_count = kPages;
    page_config.pageblock_order = 4;
    page_config.min_watermark = 8;
    page_config.nodes = nodes;
    pages.init(page_config, page_storage_);
    if (memcg != nullptr) pages.account_to(*memcg);
    grace.init();
    slabs.init(pages, grace, config, slab_storage_, word_storage_);
  }

  /// Nolock calls, during which nothing may wait, sleep or wake.
  void* alloc_nolock(std::size_t size, page::Gfp gfp = page::Gfp::none, int nid = page::kNoNode) {
    const bool outer = std::exchange(script().nolock, true);
    void* const object = slabs.kmalloc_nolock(size, gfp, nid);
    script().nolock = outer;
    return object;
  }
  void free_nolock(void* object) {
    const bool outer = std::exchange(script().nolock, true);
    slabs.kfree_nolock(object);
    script().nolock = outer;
  }
  void* alloc(std::size_t size, page::Gfp gfp = page::gfp::kernel) {
    return slabs.kmalloc(size, gfp);
  }
  CacheType& bucket(std::size_t size) {
    return const_cast<CacheType&>(slabs.bucket_cache(slab::bucket_of(size)));
  }
  slab::Census census(const CacheType& cache) { return slab::take_census(slabs, cache); }
  slab::Slab<M>* slab_of(const void* object) { return slabs.source().slab_of(object); }

  /// `run` once, before the nth access of this kind from now on.
  void before(Site site, Verb verb, std::function<void()> run, unsigned nth = 1) {
    hooks().before = [=, count = 0u](Site at, Verb with) mutable {
      if (at == site && with == verb && ++count == nth) run();
    };
  }
  void before_in_nmi(Site site, Verb verb, std::function<void()> run, unsigned nth = 1) {
    before(
        site, verb, [=] { M::in_context(machine::Context::nmi, run); }, nth);
  }
  static void fail_always(Site site) {
    script().fail = [site](Site at) { return at == site; };
  }

  /// Every object of every cache is free, and the pages are back.
  void expect_nothing_live() {
    slabs.deferred_work_barrier();
    EXPECT_EQ(slab::audit(slabs), "");
    for (const CacheType* cache = slabs.first_cache(); cache != nullptr;
         cache = cache->next_cache) {
      EXPECT_EQ(census(*cache).live(), 0) << cache->name();
    }
  }
  /// The test provokes reports on purpose.
  void expect_bug(machine::Bug bug) {
    ++expected_bugs_;
    ASSERT_EQ(script().bugs.size(), expected_bugs_);
    EXPECT_EQ(script().bugs.back(), bug);
  }

  static constexpr std::size_t kPages = 4096;
  page::PageAllocator<M> pages;
  defer::Grace<M> grace;
  Allocator slabs;
  page::Memcg<M>* memcg = nullptr;  // set before init(): objects are charged

 private:
  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  std::unique_ptr<std::byte, Free> memory_;
  std::vector<page::Page<M>> page_storage_{kPages};
  std::vector<slab::Slab<M>> slab_storage_{kPages};
  std::vector<slab::DeferredWord<M>> word_storage_{slab::deferred_words(kPages, 12)};
  std::size_t expected_bugs_ = 0;
};

}  // namespace anyctx::test
