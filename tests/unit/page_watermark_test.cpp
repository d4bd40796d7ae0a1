// The numbers: watermarks, per-CPU list limits, layout of zones.
#include "lib/page/watermark.h"

#include <gtest/gtest.h>

#include "lib/page/layout.h"
#include "lib/page/pcp_dynamics.h"

namespace anyctx::page {
namespace {

TEST(Watermark, MinIsTheRootOfMemory) {
  EXPECT_EQ(default_min_pages(256, 12), 32);                               // 1 MiB: 128 KiB
  EXPECT_EQ(default_min_pages(1024, 12), 64);                              // 4 MiB: 256 KiB
  EXPECT_EQ(default_min_pages(std::size_t{1} << 20, 12), 8192 / 4);        // 4 GiB: 8 MiB
  EXPECT_EQ(default_min_pages(64, 12), 128 / 4);                           // at least 128 KiB
  EXPECT_EQ(default_min_pages(std::size_t{1} << 32, 12), 256 * 1024 / 4);  // at most 256 MiB
  EXPECT_EQ(default_min_pages(64, 16), 4);  // 64 KiB pages, 4 MiB: 256 KiB
}

TEST(Watermark, StepIsAQuarterOfMinOrAThousandthOfMemory) {
  const Watermarks small = watermarks(1024, 1024, 64);
  EXPECT_EQ(small[Mark::min], 64);
  EXPECT_EQ(small[Mark::low], 80);
  EXPECT_EQ(small[Mark::high], 96);
  EXPECT_EQ(small[Mark::promo], 112);
  const Watermarks large = watermarks(1 << 20, 1 << 20, 2048);
  EXPECT_EQ(large[Mark::low] - large[Mark::min], (1 << 20) / 1000);
  const Watermarks half = watermarks(512, 1024, 64);  // zones share MIN by size
  EXPECT_EQ(half[Mark::min], 32);
}

TEST(Watermark, BatchGrowsWithTheZone) {
  EXPECT_EQ(pcp_batch(256, 12), 1);
  EXPECT_EQ(pcp_batch(8191, 12), 1);
  EXPECT_EQ(pcp_batch(16 << 10, 12), 3);
  EXPECT_EQ(pcp_batch(32 << 10, 12), 7);
  EXPECT_EQ(pcp_batch(64 << 10, 12), 15);
  EXPECT_EQ(pcp_batch(128 << 10, 12), 31);
  EXPECT_EQ(pcp_batch(256 << 10, 12), 63);
  EXPECT_EQ(pcp_batch(1 << 24, 12), 63);
}

TEST(Watermark, HighLimitsFollowWatermarksAndMemory) {
  const PcpLimits limits = pcp_limits(64 << 10, 1000, 4, 12);
  EXPECT_EQ(limits.batch, 15);
  EXPECT_EQ(limits.high_min, 250);
  EXPECT_EQ(limits.high_max, (64 << 10) / 8 / 4);
  const PcpLimits tiny = pcp_limits(256, 10, 4, 12);
  EXPECT_EQ(tiny.high_min, 4);
  EXPECT_EQ(tiny.high_max, 8);
}

TEST(Watermark, RefillDoublesUntilSomethingIsFreed) {
  PcpDynamics dynamics;
  dynamics.reset({15, 250, 2048});
  int count = 0;
  int expected = 15;
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(dynamics.refill(0, count, false), expected);
    expected *= 2;
  }
  EXPECT_EQ(dynamics.alloc_factor(), 4);
  dynamics.on_free(0, 1);
  EXPECT_EQ(dynamics.alloc_factor(), 2);
  EXPECT_EQ(dynamics.refill(0, count, false), 60);
}

TEST(Watermark, RefillLeavesRoomBelowTheLimit) {
  PcpDynamics dynamics;
  dynamics.reset({15, 100, 100});                // a fixed limit
  EXPECT_EQ(dynamics.refill(0, 80, false), 15);  // never less than a batch
  EXPECT_EQ(dynamics.refill(0, 0, false), 30);
  EXPECT_EQ(dynamics.refill(0, 0, false), 60);
  EXPECT_EQ(dynamics.refill(0, 0, false), 85);  // 100 - 0 - 15
  EXPECT_EQ(dynamics.alloc_factor(), 3);        // 120 did not fit: no further doubling
}

TEST(Watermark, RefillOfHighOrdersIsScaledDown) {
  PcpDynamics dynamics;
  dynamics.reset({15, 250, 2048});
  EXPECT_EQ(dynamics.refill(1, 0, false), 7);
  EXPECT_EQ(dynamics.refill(2, 0, false), 3);
  EXPECT_EQ(dynamics.refill(3, 0, false), 2);
  dynamics.reset({1, 4, 8});
  EXPECT_EQ(dynamics.refill(3, 0, false), 1);
}

TEST(Watermark, PassThroughListTakesAndGivesOne) {
  PcpDynamics dynamics;
  dynamics.reset({1, 0, 0});
  EXPECT_EQ(dynamics.refill(0, 0, false), 1);
  EXPECT_FALSE(dynamics.on_free(0, 1));
  EXPECT_EQ(dynamics.surplus(1, false, false), 1);
}

TEST(Watermark, SurplusFollowsTheRateOfFrees) {
  PcpDynamics dynamics;
  dynamics.reset({15, 100, 100});
  EXPECT_FALSE(dynamics.on_free(0, 99));
  EXPECT_EQ(dynamics.surplus(99, false, false), 0);
  EXPECT_FALSE(dynamics.on_free(0, 100));
  EXPECT_EQ(dynamics.surplus(100, false, false), 15);  // two frees in a row: a batch
  for (int i = 0; i < 58; ++i) dynamics.on_free(0, 100);
  EXPECT_EQ(dynamics.surplus(100, false, false), 60);
  for (int i = 0; i < 1000; ++i) dynamics.on_free(0, 100);
  EXPECT_EQ(dynamics.free_count(), 480);               // 32 batches
  EXPECT_EQ(dynamics.surplus(100, false, false), 85);  // all but a batch
  dynamics.on_alloc();
  EXPECT_EQ(dynamics.free_count(), 240);
}

TEST(Watermark, HighOrderFreesInARowAreNotKept) {
  PcpDynamics dynamics;
  dynamics.reset({15, 20, 20});
  bool free_high = false;
  int frees = 0;
  while (!free_high) free_high = dynamics.on_free(3, 8 * ++frees);
  EXPECT_EQ(frees, 5);  // 32 >= 15 + 10 were freed before
  EXPECT_EQ(dynamics.surplus(40, false, true), 40);
  EXPECT_FALSE(dynamics.on_free(0, 41));
  EXPECT_FALSE(dynamics.on_free(3, 48));  // the row was broken
}

TEST(Watermark, LimitGrowsUnderLoadAndDecays) {
  PcpDynamics dynamics;
  dynamics.reset({15, 100, 1000});
  for (int i = 0; i < 400; ++i) dynamics.on_free(0, 100);
  EXPECT_EQ(dynamics.surplus(100, false, false), 85);
  EXPECT_EQ(dynamics.high(), 415);
  EXPECT_EQ(dynamics.decay(380), 380 - 364);  // an eighth less
  EXPECT_EQ(dynamics.high(), 364);
  for (int i = 0; i < 20; ++i) dynamics.decay(0);
  EXPECT_EQ(dynamics.high(), 100);
}

TEST(Watermark, LimitShrinksWhileTheZoneIsBelowHigh) {
  PcpDynamics dynamics;
  dynamics.reset({15, 100, 1000});
  dynamics.refill(0, 0, false);
  dynamics.refill(0, 0, false);
  EXPECT_EQ(dynamics.high(), 145);
  dynamics.refill(0, 0, true);
  EXPECT_EQ(dynamics.high(), 145);  // no growth
  dynamics.on_free(0, 120);
  EXPECT_EQ(dynamics.surplus(120, true, false), 15);  // already: the limit is the count
  EXPECT_EQ(dynamics.high(), 130);
}

TEST(Layout, ZonesLieInWholePageblocks) {
  Config config;
  config.page_count = 1000;
  config.nodes = 3;
  config.pageblock_order = 5;
  const Layout layout = make_layout(config);
  ASSERT_EQ(layout.zone_count, 3u);
  EXPECT_EQ(layout.zones[0].end, 320u);
  EXPECT_EQ(layout.zones[1].start, 320u);
  EXPECT_EQ(layout.zones[1].end, 640u);
  EXPECT_EQ(layout.zones[2].end, 1000u);
}

TEST(Layout, PageblocksShrinkWithTheZones) {
  Config config;
  config.page_count = 256;
  config.nodes = 2;
  EXPECT_EQ(make_layout(config).pageblock_order, 7u);
  config.dma32_pages = 32;
  const Layout layout = make_layout(config);
  EXPECT_EQ(layout.pageblock_order, 5u);
  ASSERT_EQ(layout.zone_count, 3u);
  EXPECT_EQ(layout.zones[0].type, ZoneType::dma32);
  EXPECT_EQ(layout.zones[0].end, 32u);
  EXPECT_EQ(layout.zones[1].node, 0);
  EXPECT_EQ(layout.zones[2].node, 1);
}

TEST(Layout, ZoneListsStartAtHome) {
  Config config;
  config.page_count = 256;
  config.nodes = 2;
  config.dma32_pages = 32;
  const Layout layout = make_layout(config);
  const ZoneList zero = make_zone_list(layout, 2, 0);
  ASSERT_EQ(zero.count, 3u);
  EXPECT_EQ(zero.zones[0], 1);
  EXPECT_EQ(zero.zones[1], 0);
  EXPECT_EQ(zero.zones[2], 2);
  const ZoneList one = make_zone_list(layout, 2, 1);
  EXPECT_EQ(one.zones[0], 2);
  EXPECT_EQ(one.zones[1], 1);
  EXPECT_EQ(one.zones[2], 0);
}

}  // namespace
}  // namespace anyctx::page
