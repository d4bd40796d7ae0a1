// The page allocator on the native machine: threads that allocate, pass on and free at once.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "lib/machine/native.h"
#include "lib/page/census.h"

namespace anyctx::test {
namespace {

using machine::Native;
using Allocator = page::PageAllocator<Native>;
using PageType = page::Page<Native>;

constexpr std::size_t kPages = 2048;
constexpr int kThreads = 4;
constexpr int kRounds = 20'000;

class PageThreads : public ::testing::Test {
 protected:
  PageThreads() : memory_(static_cast<std::byte*>(std::aligned_alloc(4u << 20, 8u << 20))) {
    page::Config config;
    config.base = memory_.get();
    config.page_count = kPages;
    config.pageblock_order = 5;
    config.nodes = 2;
    config.min_watermark = 16;
    pages_->init(config, descriptors_);
  }
  ~PageThreads() override { Native::mark_used(memory_.get(), kPages << 12); }

  /// Allocates and frees; every other block goes through a shared slot to whoever comes next.
  void run(unsigned seed) {
    std::uint32_t random = seed * 2654435761u + 1;
    for (int i = 0; i < kRounds; ++i) {
      random = random * 1664525u + 1013904223u;
      const unsigned order = random >> 30;
      const bool nolock = (random >> 29 & 1) != 0;
      PageType* page = nolock ? pages_->alloc_pages_nolock(page::Gfp::none, page::kNoNode, order)
                              : pages_->alloc_pages(page::gfp::kernel | page::gfp::comp,
                                                    static_cast<int>(random >> 28 & 1), order);
      if (page == nullptr) {
        ++failures_;
        continue;
      }
      auto* word = static_cast<std::uint64_t*>(pages_->address(page));
      *word = random;
      page->private_word = order;
      PageType* other = slots_[random >> 8 & 15].exchange(page, std::memory_order_acq_rel);
      if (other != nullptr) free_page(other, nolock);
      if (i % 1000 == 999) pages_->drain_parked();
    }
    Native::detach_thread();
  }
  void free_page(PageType* page, bool nolock) {
    const auto order = static_cast<unsigned>(page->private_word);
    if (nolock) {
      pages_->free_pages_nolock(page, order);
    } else {
      pages_->free_pages(page, order);
    }
  }

  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  std::unique_ptr<std::byte, Free> memory_;
  std::vector<PageType> descriptors_ = std::vector<PageType>(kPages);
  std::unique_ptr<Allocator> pages_ = std::make_unique<Allocator>();
  std::array<std::atomic<PageType*>, 16> slots_{};
  std::atomic<int> failures_{0};
};

TEST_F(PageThreads, NothingIsLost) {
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < kThreads; ++t) threads.emplace_back([this, t] { run(t + 1); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_LT(failures_.load(), kThreads * kRounds / 2);
  for (std::atomic<PageType*>& slot : slots_) {
    if (PageType* page = slot.load()) free_page(page, false);
  }
  pages_->drain_parked();
  pages_->drain_all_pcp();
  EXPECT_EQ(page::audit(*pages_), "");
  EXPECT_EQ(page::take_census(*pages_).buddy, static_cast<std::int64_t>(kPages));
}

}  // namespace
}  // namespace anyctx::test
