// Random operations against a map of who owns what: nothing is handed out twice, nothing is lost,
// and every null has a cause.
#include <random>

#include "tests/unit/page_bed.h"

namespace anyctx::test {
namespace {

using machine::Context;
namespace gfp = page::gfp;

class PageRandom : public PageBed, public ::testing::WithParamInterface<unsigned> {
 protected:
  static constexpr int kOps = 20'000;  // for each of five seeds

  struct Block {
    PageType* page;
    unsigned order;
  };

  unsigned below(unsigned bound) {
    return std::uniform_int_distribution<unsigned>(0, bound - 1)(rng_);
  }
  bool one_in(unsigned n) { return below(n) == 0; }

  void own(PageType* page, unsigned order, bool zeroed) {
    if (page == nullptr) {
      ASSERT_FALSE(script().causes.empty()) << "null without a cause";
      return;
    }
    ASSERT_EQ(pages.pfn(page) % (1u << order), 0u);
    for (unsigned i = 0; i < 1u << order; ++i) {
      ASSERT_FALSE(owned_[pages.pfn(page) + i]) << "handed out twice";
      owned_[pages.pfn(page) + i] = true;
      auto* word = static_cast<std::uint64_t*>(pages.address(page + i));
      ASSERT_TRUE(!zeroed || (word[0] | word[511]) == 0);
      word[0] = word[511] = ~std::uint64_t{0};
    }
    live_.push_back({page, order});
    live_pages_ += 1 << order;
  }
  Block disown() {
    const std::size_t pick = below(static_cast<unsigned>(live_.size()));
    const Block block = live_[pick];
    live_[pick] = live_.back();
    live_.pop_back();
    for (unsigned i = 0; i < 1u << block.order; ++i) owned_[pages.pfn(block.page) + i] = false;
    live_pages_ -= 1 << block.order;
    return block;
  }

  /// A context and failures for one operation.
  void disturb() {
    script().cpu = below(script().cpus);
    const unsigned rate = 2 + below(6);
    script().fail = [this, rate](machine::Site) { return one_in(rate * 2); };
    if (one_in(2)) script().fail = {};
  }
  void calm() {
    script().fail = {};
    script().context = Context::task;
  }

  void allocate() {
    const bool nolock = one_in(2);
    const int nid = static_cast<int>(below(pages.nodes() + 1)) - 1;
    const unsigned order = one_in(4) ? below(6) : below(2);
    constexpr page::Gfp kTypes[] = {page::Gfp::none, gfp::movable, gfp::reclaimable, gfp::zero,
                                    gfp::comp,       gfp::high,    gfp::dma32};
    const page::Gfp type = kTypes[below(7)];
    script().causes.clear();
    if (nolock) {
      script().context = static_cast<Context>(below(4));
      own(alloc_nolock(order, nid), order, true);
    } else {
      own(alloc(order, type | (one_in(2) ? gfp::kernel : gfp::atomic), nid), order,
          has(type, gfp::zero));
    }
  }
  void release() {
    if (live_.empty()) return;
    const Block block = disown();
    if (one_in(8)) {
      pages.get_page(block.page);
      const bool compound = block.page->compound;
      free_nolock(block.page, block.order);
      free_nolock(block.page, compound ? block.order : 0);
    } else if (one_in(2)) {
      script().context = static_cast<Context>(below(4));
      free_nolock(block.page, block.order);
    } else {
      pages.free_pages(block.page, block.order);
    }
  }
  void maintain() {
    switch (below(6)) {
      case 0:
        pages.drain_parked();
        break;
      case 1:
        pages.drain_pcp(below(script().cpus));
        break;
      case 2:
        pages.trim_pcp();
        break;
      case 3:
        pages.balance(below(pages.nodes()));
        break;
      default: {
        PageType* page = descriptor(below(kPages));
        if (one_in(2)) {
          pages.isolate_pageblock(page);
        } else {
          pages.unisolate_pageblock(page);
        }
      }
    }
  }

  static constexpr unsigned kPages = 512;

  std::mt19937 rng_;
  std::vector<bool> owned_ = std::vector<bool>(kPages);
  std::vector<Block> live_;
  std::int64_t live_pages_ = 0;
};

TEST_P(PageRandom, OwnershipAndConservation) {
  const unsigned seed = GetParam();
  rng_.seed(seed);
  page::Config config = small(kPages);
  config.pageblock_order = 2 + seed;
  config.nodes = 1 + seed % 3;
  config.dma32_pages = seed % 2 * 64;
  config.unaccepted = seed == 3 ? 100 : 0;
  config.pcp_batch = seed;
  config.watermark_boost = seed % 2 * 15000;
  script().cpus = 1 + seed % 4;
  script().smp = seed != 4;
  script().rt = seed == 2;
  if (!script().smp) script().cpus = 1;
  init(config);
  for (int op = 0; op < kOps; ++op) {
    disturb();
    const unsigned kind = below(100);
    if (kind < 50) {
      allocate();
    } else if (kind < 97) {
      release();
    } else {
      calm();
      maintain();
    }
    calm();
    if (HasFatalFailure()) return;
    if (op % 16 != 0) continue;
    ASSERT_EQ(page::audit(pages), "") << "op " << op;
    ASSERT_EQ(page::take_census(pages).total() + live_pages_, kPages) << "op " << op;
  }
  while (!live_.empty()) {
    const Block block = disown();
    pages.free_pages(block.page, block.order);
  }
  for (unsigned pfn = 0; pfn < kPages; ++pfn) pages.unisolate_pageblock(descriptor(pfn));
  pages.drain_parked();
  pages.drain_all_pcp();
  ASSERT_EQ(page::audit(pages), "");
  const page::Census census = page::take_census(pages);
  EXPECT_EQ(census.buddy + census.held_back, kPages);
  EXPECT_EQ(census.leaked, 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, PageRandom, ::testing::Range(0u, 5u));

}  // namespace
}  // namespace anyctx::test
