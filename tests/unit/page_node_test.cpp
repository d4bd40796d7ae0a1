// Several zones: node preference and fallback, background reclaim, the low zone and its reserve.
#include "tests/unit/page_bed.h"

namespace anyctx::test {
namespace {

namespace gfp = page::gfp;
namespace site = page::site;

class PageNode : public PageBed {
 protected:
  static page::Config two_nodes() {
    page::Config config = small(512);
    config.nodes = 2;
    config.min_watermark = 16;
    return config;
  }
  std::vector<PageType*> exhaust_node(int nid) {
    fail_always(site::pcp_lock);
    std::vector<PageType*> taken;
    while (PageType* page = alloc(0, gfp::atomic | gfp::thisnode, nid)) taken.push_back(page);
    script().fail = {};
    return taken;
  }
};

TEST_F(PageNode, HintIsHonouredWhileTheNodeHasMemory) {
  init(two_nodes());
  for (const int nid : {0, 1}) {
    PageType* page = alloc_nolock(0, nid);
    EXPECT_EQ(pages.node_of(page), static_cast<unsigned>(nid));
    free_nolock(page, 0);
  }
  script().cpu = 1;
  PageType* page = alloc_nolock(0);  // no hint: the CPU's own node
  EXPECT_EQ(pages.node_of(page), pages.node_of_cpu(1));
  EXPECT_EQ(pages.node_of(page), 1u);
  free_nolock(page, 0);
  expect_all_free();
}

TEST_F(PageNode, FullNodeFallsBackToTheOther) {
  init(two_nodes());
  std::vector<PageType*> taken = exhaust_node(0);
  EXPECT_EQ(taken.size(), 256u - 3u);  // three eighths of MIN stay
  PageType* page = alloc_nolock(0, 0);
  ASSERT_NE(page, nullptr);
  EXPECT_EQ(pages.node_of(page), 1u);
  EXPECT_TRUE(script().caused_by(site::watermark));
  free_nolock(page, 0);
  free_all(taken);
  expect_all_free();
}

TEST_F(PageNode, BusyNodeFallsBackToTheOther) {
  init(two_nodes());
  int trylocks = 0;
  script().fail = [&](machine::Site at) {
    return (at == site::pcp_lock || at == site::zone_lock) && ++trylocks <= 2;
  };
  PageType* page = alloc_nolock(0, 0);
  ASSERT_NE(page, nullptr);
  EXPECT_EQ(pages.node_of(page), 1u);
  free_nolock(page, 0);
}

TEST_F(PageNode, ThisNodeBindsOrdinaryRequestsOnly) {
  init(two_nodes());
  std::vector<PageType*> taken = exhaust_node(1);
  EXPECT_EQ(alloc(0, gfp::kernel | gfp::thisnode | gfp::nomemalloc, 1), nullptr);
  PageType* page = pages.alloc_frozen_pages(gfp::thisnode, 1, 0, page::Spin::never);
  ASSERT_NE(page, nullptr);
  EXPECT_EQ(pages.node_of(page), 0u);
  pages.free_frozen_pages(page, 0, page::Spin::never);
  free_all(taken);
}

TEST_F(PageNode, NodeUnderReclaimIsTakenLast) {
  init(two_nodes());
  std::vector<PageType*> taken = exhaust_node(0);
  EXPECT_TRUE(pages.peek_reclaiming(0));
  EXPECT_FALSE(pages.peek_reclaiming(1));
  for (std::size_t i = 0; i < 200; ++i) {
    pages.free_pages(taken.back(), 0);
    taken.pop_back();
  }
  PageType* page = alloc_nolock(0, 0);  // there is memory, but it is being collected
  EXPECT_EQ(pages.node_of(page), 1u);
  free_nolock(page, 0);

  std::vector<PageType*> other = exhaust_node(1);
  page = alloc_nolock(0, 1);  // both nodes are: the second pass takes what there is
  ASSERT_NE(page, nullptr);
  EXPECT_EQ(pages.node_of(page), 0u);
  free_nolock(page, 0);

  EXPECT_TRUE(pages.balance(0));
  EXPECT_FALSE(pages.balance(1));
  EXPECT_FALSE(pages.peek_reclaiming(0));
  EXPECT_TRUE(pages.peek_reclaiming(1));
  free_all(taken);
  free_all(other);
  EXPECT_TRUE(pages.balance(1));
  expect_all_free();
}

TEST_F(PageNode, NolockWakesNobody) {
  init(two_nodes());
  fail_always(site::watermark);
  EXPECT_EQ(alloc_nolock(0, 0), nullptr);
  EXPECT_FALSE(pages.peek_reclaiming(0));
}

TEST_F(PageNode, LowZoneKeepsPagesForThoseWhoNeedThem) {
  page::Config config = small(2048 + 256);
  config.dma32_pages = 256;
  init(config);
  ASSERT_EQ(pages.zone_count(), 2u);
  EXPECT_EQ(pages.zone(0).lowmem_reserve(page::ZoneType::normal), 2048 / 256);
  EXPECT_EQ(pages.zone(0).lowmem_reserve(page::ZoneType::dma32), 0);
  PageType* low = alloc(0, gfp::kernel | gfp::dma32);
  EXPECT_EQ(low->zone, 0);
  PageType* normal = alloc_nolock(0);
  EXPECT_EQ(normal->zone, 1);
  free_nolock(normal, 0);

  fail_always(site::pcp_lock);
  std::vector<PageType*> taken = exhaust(gfp::kernel | gfp::nomemalloc);
  const std::int64_t left = pages.zone(0).buddy().areas().peek_free_pages();
  EXPECT_EQ(left, pages.zone(0).marks()[page::Mark::min] + 8);
  EXPECT_EQ(alloc_nolock(0), nullptr);
  PageType* reserved = pages.alloc_frozen_pages(gfp::dma32, 0, 0, page::Spin::never);
  ASSERT_NE(reserved, nullptr);
  EXPECT_EQ(reserved->zone, 0);
  pages.free_frozen_pages(reserved, 0, page::Spin::never);
  free_all(taken);
  pages.free_pages(low, 0);
  expect_all_free();
}

TEST_F(PageNode, RequestForALowZoneThatIsOutOfReachHasACause) {
  page::Config config = small(512);
  config.nodes = 2;
  config.dma32_pages = 64;
  init(config);
  EXPECT_EQ(alloc(0, gfp::atomic | gfp::dma32 | gfp::thisnode, 1), nullptr);
  EXPECT_TRUE(script().caused_by(site::no_block));
}

TEST_F(PageNode, BoostFollowsMixingAndIsTakenBack) {
  page::Config config = small();
  config.watermark_boost = 15000;
  init(config);
  fail_always(site::pcp_lock);
  std::vector<PageType*> taken = exhaust(gfp::movable | gfp::atomic);
  std::vector<PageType*> kept;
  for (PageType* page : taken) {
    if (pages.pfn(page) % 4 == 0 || pages.pfn(page) < 32) {
      kept.push_back(page);
    } else {
      pages.free_pages(page, 0);
    }
  }
  EXPECT_EQ(pages.zone(0).peek_boost(), 0);
  PageType* nolock = alloc_nolock(0);  // mixes types as well, but nobody is woken to make it good
  EXPECT_EQ(pages.zone(0).peek_boost(), 0);
  free_nolock(nolock, 0);
  std::vector<PageType*> unmovable;
  while (pages.zone(0).peek_boost() == 0) unmovable.push_back(alloc(0, gfp::atomic));
  EXPECT_EQ(pages.zone(0).peek_boost(), 16);
  script().fail = {};
  pages.balance(0);
  EXPECT_EQ(pages.zone(0).peek_boost(), 0);
  free_all(unmovable);
  free_all(kept);
  expect_all_free();
}

TEST_F(PageNode, LargePagesWork) {
  page::Config config = small(64);
  config.page_shift = 16;
  init(config);
  PageType* page = alloc_nolock(1);
  ASSERT_NE(page, nullptr);
  EXPECT_EQ(pages.page_size(), 65536u);
  auto* bytes = static_cast<unsigned char*>(pages.address(page));
  EXPECT_EQ(bytes[0] + bytes[131071], 0);
  EXPECT_EQ(pages.page_of(bytes + 65536), page + 1);
  free_nolock(page, 1);
  expect_all_free();
}

TEST_F(PageNode, InitStartsOverFromAnyState) {
  init(two_nodes());
  PageType* page = alloc(3);
  pages.get_page(page);
  fail_always(site::pcp_lock, site::zone_lock);
  free_nolock(alloc(0), 0);
  script().fail = {};
  init(small());
  expect_all_free();
}

}  // namespace
}  // namespace anyctx::test
