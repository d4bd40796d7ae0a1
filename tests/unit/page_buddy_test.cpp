// The buddy system: splitting, merging, migrate types and isolation.
#include "tests/unit/page_bed.h"

namespace anyctx::test {
namespace {

using machine::Site;
using page::MigrateType;
namespace gfp = page::gfp;

class PageBuddy : public PageBed {
 protected:
  std::size_t blocks(unsigned order, MigrateType type) {
    std::size_t count = 0;
    page::for_each_buddy_block(pages.zone(0), [&](const PageType*, unsigned o, MigrateType t) {
      if (o == order && t == type) ++count;
    });
    return count;
  }
};

TEST_F(PageBuddy, StartsWithTheLargestBlocks) {
  init(small(1024 + 256 + 2));
  EXPECT_EQ(blocks(10, MigrateType::movable), 1u);
  EXPECT_EQ(blocks(8, MigrateType::movable), 1u);
  EXPECT_EQ(blocks(1, MigrateType::movable), 1u);
}

TEST_F(PageBuddy, SplitsAndMergesWithoutLoss) {
  init(small());
  for (unsigned order = 4; order <= 7; ++order) {
    PageType* block = alloc(order, gfp::movable | gfp::kernel);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(pages.pfn(block) % (1u << order), 0u);
    EXPECT_EQ(page::take_census(pages).buddy, 256 - (1 << order));
    EXPECT_EQ(page::audit(pages), "");
    pages.free_pages(block, order);
    EXPECT_EQ(blocks(8, MigrateType::movable), 1u);
  }
}

TEST_F(PageBuddy, FailsWhenNothingIsLarge) {
  init(small());
  EXPECT_EQ(alloc(9), nullptr);
  EXPECT_TRUE(script().caused_by(page::site::watermark));
  EXPECT_EQ(alloc(11), nullptr);
  EXPECT_TRUE(script().caused_by(page::site::order));
}

TEST_F(PageBuddy, ClaimsTheWholeLargeBlock) {
  init(small());
  PageType* block = alloc(4);
  ASSERT_NE(block, nullptr);
  // All pageblocks of the block of order 8 became unmovable.
  EXPECT_EQ(blocks(4, MigrateType::movable), 0u);
  EXPECT_EQ(blocks(7, MigrateType::unmovable), 1u);
  pages.free_pages(block, 4);
  EXPECT_EQ(blocks(8, MigrateType::unmovable), 1u);
}

TEST_F(PageBuddy, ClaimsAPageblockThatIsMostlyFree) {
  init(small(64));
  std::vector<PageType*> movable;
  for (int i = 0; i < 4; ++i) movable.push_back(alloc(4, gfp::movable | gfp::high));
  for (PageType* block : movable) {
    if (block != nullptr) pages.free_pages(block, 4);
  }
  // One movable page in each pageblock leaves nothing whole, but much free.
  fail_always(page::site::pcp_lock);
  std::vector<PageType*> taken;
  while (PageType* page = alloc(0, gfp::movable | gfp::high)) taken.push_back(page);
  ASSERT_GE(taken.size(), 48u);
  for (PageType* page : taken) {
    if (pages.pfn(page) % 16 != 0) pages.free_pages(page, 0);
  }
  ASSERT_EQ(blocks(4, MigrateType::movable), 0u);
  const std::size_t before = blocks(3, MigrateType::movable);
  PageType* page = alloc(0);
  ASSERT_NE(page, nullptr);
  EXPECT_LT(blocks(3, MigrateType::movable), before);
  EXPECT_GT(blocks(3, MigrateType::unmovable), 0u);
  EXPECT_EQ(pages.map().peek_type_of(page), MigrateType::unmovable);
  pages.free_pages(page, 0);
  for (PageType* other : taken) {
    if (pages.pfn(other) % 16 == 0) pages.free_pages(other, 0);
  }
  expect_all_free();
}

TEST_F(PageBuddy, StealsASinglePageRatherThanAFullPageblock) {
  init(small(64));
  fail_always(page::site::pcp_lock);
  std::vector<PageType*> taken = exhaust(gfp::movable | gfp::high);
  // Free a quarter of one pageblock: too little to claim it.
  std::vector<PageType*> kept;
  for (PageType* page : taken) {
    const std::size_t pfn = pages.pfn(page);
    if (pfn / 16 == 1 && pfn % 4 == 0) {
      pages.free_pages(page, 0);
    } else {
      kept.push_back(page);
    }
  }
  PageType* page = alloc(0, gfp::atomic);
  ASSERT_NE(page, nullptr);
  EXPECT_EQ(pages.map().peek_type_of(page), MigrateType::movable);
  pages.free_pages(page, 0);
  free_all(kept);
  expect_all_free();
}

TEST_F(PageBuddy, AtomicReserveIsSetAsideAndGivenBack) {
  page::Config config = small(1024);
  config.pageblock_order = 3;
  init(config);
  // LOW fails in both passes, so that the request goes on to where it may use reserves.
  int failures = 0;
  script().fail = [&](Site site) {
    if (site == page::site::watermark) return ++failures <= 2;
    return site == page::site::pcp_lock;
  };
  PageType* page = alloc(1, gfp::atomic);
  ASSERT_NE(page, nullptr);
  EXPECT_EQ(pages.map().peek_type_of(page), MigrateType::highatomic);
  EXPECT_EQ(pages.zone(0).buddy().areas().peek_reserve_pages(), 6);
  EXPECT_EQ(page::audit(pages), "");
  pages.free_pages(page, 1);
  EXPECT_EQ(pages.zone(0).buddy().areas().peek_reserve_pages(), 8);

  EXPECT_EQ(alloc(10), nullptr);  // drains and unreserves before it gives up
  EXPECT_EQ(pages.zone(0).buddy().areas().peek_reserve_pages(), 0);
  script().fail = {};
  expect_all_free();
}

TEST_F(PageBuddy, IsolationTakesFreePagesOutOfUse) {
  init(small(64));
  PageType* inside = alloc(0, gfp::movable | gfp::kernel);
  PageType* block = descriptor(pages.pfn(inside) / 16 * 16);
  pages.drain_all_pcp();
  ASSERT_TRUE(pages.isolate_pageblock(inside));
  EXPECT_FALSE(pages.isolate_pageblock(inside));
  EXPECT_EQ(page::audit(pages), "");
  EXPECT_EQ(page::take_census(pages).isolated, 15);
  EXPECT_EQ(pages.zone(0).buddy().areas().peek_free_pages(), 48);

  pages.free_pages(inside, 0);  // freed later, kept out as well, and not on a per-CPU list
  EXPECT_EQ(page::take_census(pages).isolated, 16);
  std::vector<PageType*> taken = exhaust(gfp::movable | gfp::atomic);
  for (const PageType* page : taken) EXPECT_NE(pages.pfn(page) / 16, pages.pfn(block) / 16);
  free_all(taken);

  ASSERT_TRUE(pages.unisolate_pageblock(block));
  EXPECT_FALSE(pages.unisolate_pageblock(block));
  expect_all_free();
  EXPECT_EQ(blocks(6, MigrateType::movable), 1u);  // merged with its neighbours again
}

TEST_F(PageBuddy, IsolationSplitsALargerFreeBlock) {
  init(small());
  ASSERT_TRUE(pages.isolate_pageblock(descriptor(80)));
  EXPECT_EQ(page::take_census(pages).isolated, 16);
  EXPECT_EQ(page::audit(pages), "");
  ASSERT_TRUE(pages.isolate_pageblock(descriptor(64)));  // merges with the isolated neighbour
  EXPECT_EQ(blocks(5, MigrateType::isolate), 1u);
  ASSERT_TRUE(pages.unisolate_pageblock(descriptor(80)));
  EXPECT_EQ(page::take_census(pages).isolated, 16);
  EXPECT_EQ(page::audit(pages), "");
  ASSERT_TRUE(pages.unisolate_pageblock(descriptor(64)));
  EXPECT_EQ(blocks(8, MigrateType::movable), 1u);
}

TEST_F(PageBuddy, IsolatedNolockFreeAsksTheContextFirst) {
  init(small(64));
  PageType* page = alloc(0, gfp::movable | gfp::kernel);
  ASSERT_TRUE(pages.isolate_pageblock(page));
  script().rt = true;
  script().context = machine::Context::nmi;
  free_nolock(page, 0);  // a trylock here would be a violation
  script().rt = false;
  script().context = machine::Context::task;
  EXPECT_EQ(page::take_census(pages).parked, 1);
  EXPECT_EQ(pages.drain_parked(), 1u);
  ASSERT_TRUE(pages.unisolate_pageblock(page));
  expect_all_free();
}

TEST_F(PageBuddy, AddressesAndPagesMatch) {
  init(small());
  PageType* page = alloc(0);
  auto* address = static_cast<std::byte*>(pages.address(page));
  EXPECT_EQ(pages.page_of(address), page);
  EXPECT_EQ(pages.page_of(address + 4095), page);
  EXPECT_EQ(pages.page_of(static_cast<std::byte*>(pages.address(descriptor(0))) - 1), nullptr);
  EXPECT_EQ(pages.page_of(static_cast<std::byte*>(pages.address(descriptor(255))) + 4096), nullptr);
  pages.free_pages(page, 0);
}

}  // namespace
}  // namespace anyctx::test
