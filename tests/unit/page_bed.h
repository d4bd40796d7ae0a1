// PageBed: a page allocator on the scripted machine, with memory of its own and checks after use.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "lib/page/census.h"
#include "tests/unit/scripted_machine.h"

namespace anyctx::test {

class PageBed : public ::testing::Test {
 protected:
  using M = ScriptedMachine;
  using Allocator = page::PageAllocator<M>;
  using PageType = page::Page<M>;

  ~PageBed() override {
    EXPECT_EQ(page::audit(pages), "");
    EXPECT_EQ(script().irqs_off, 0);
    EXPECT_EQ(script().pinned, 0);
    EXPECT_EQ(script().locks_held, 0);
    EXPECT_TRUE(script().violations.empty()) << script().violations.front();
    EXPECT_EQ(script().bugs.size(), expected_bugs_);
    script() = {};
    machine::Native::mark_used(memory_.get(), memory_pages_ << 12);
  }

  static Script& script() { return M::script; }

  /// Memory starts dirty, so that missing zeroing shows.
  void init(page::Config config) {
    // The computed watermark would swallow most of a small zone.
    if (config.min_watermark == 0) config.min_watermark = 8;
    memory_pages_ = config.page_count << (config.page_shift - 12);
    memory_.reset(static_cast<std::byte*>(std::aligned_alloc(4u << 20, 16u << 20)));
    ASSERT_LE(memory_pages_, std::size_t{4096});
    std::memset(memory_.get(), 0xd1, memory_pages_ << 12);
    config.base = memory_.get();
    descriptors_ = std::vector<PageType>(config.page_count);
    pages.init(config, descriptors_);
    total_ = static_cast<std::int64_t>(config.page_count);
    ASSERT_EQ(page::audit(pages), "");
    ASSERT_EQ(page::take_census(pages).total(), total_);
  }
  static page::Config small(std::size_t count = 256) {
    page::Config config;
    config.page_count = count;
    config.pageblock_order = 4;
    return config;
  }

  /// Nolock calls, during which nothing may wait, sleep or wake.
  PageType* alloc_nolock(unsigned order, int nid = page::kNoNode) {
    script().nolock = true;
    PageType* page = pages.alloc_pages_nolock(page::Gfp::none, nid, order);
    script().nolock = false;
    return page;
  }
  void free_nolock(PageType* page, unsigned order) {
    script().nolock = true;
    pages.free_pages_nolock(page, order);
    script().nolock = false;
  }
  PageType* alloc(unsigned order, page::Gfp gfp = page::gfp::kernel, int nid = page::kNoNode) {
    return pages.alloc_pages(gfp, nid, order);
  }
  /// Takes all that one kind of request can get.
  std::vector<PageType*> exhaust(page::Gfp gfp) {
    std::vector<PageType*> taken;
    while (PageType* page = alloc(0, gfp)) taken.push_back(page);
    return taken;
  }
  void free_all(std::vector<PageType*>& taken) {
    for (PageType* page : taken) pages.free_pages(page, 0);
    taken.clear();
  }

  PageType* descriptor(std::size_t pfn) { return &descriptors_[pfn]; }

  /// Every page is back in the buddy lists.
  void expect_all_free() {
    pages.drain_parked();
    pages.drain_all_pcp();
    EXPECT_EQ(page::audit(pages), "");
    EXPECT_EQ(page::take_census(pages).buddy, total_);
  }
  /// The test provokes reports on purpose.
  void expect_bug(machine::Bug bug) {
    ++expected_bugs_;
    ASSERT_EQ(script().bugs.size(), expected_bugs_);
    EXPECT_EQ(script().bugs.back(), bug);
  }
  static void fail_always(machine::Site site) {
    script().fail = [site](machine::Site at) { return at == site; };
  }
  static void fail_always(machine::Site a, machine::Site b) {
    script().fail = [a, b](machine::Site at) { return at == a || at == b; };
  }

  Allocator pages;

 private:
  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  std::unique_ptr<std::byte, Free> memory_;
  std::size_t memory_pages_ = 0;
  std::vector<PageType> descriptors_;
  std::int64_t total_ = 0;
  std::size_t expected_bugs_ = 0;
};

}  // namespace anyctx::test
