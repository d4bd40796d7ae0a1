// Per-CPU lists and parked pages: what is kept where, and who takes it from there.
#include "tests/unit/page_bed.h"

namespace anyctx::test {
namespace {

using machine::Context;
using machine::Site;
namespace gfp = page::gfp;
namespace site = page::site;

class PageLists : public PageBed {
 protected:
  const page::Pcp<M>& pcp(unsigned cpu = 0) { return pages.zone(0).pcp(cpu); }
  std::int64_t parked() { return page::take_census(pages).parked; }
  static page::Config batched() {
    page::Config config = small(1024);
    config.pcp_batch = 4;
    config.pcp_high = 16;
    return config;
  }
};

TEST_F(PageLists, RefillTakesABatch) {
  init(batched());
  PageType* page = alloc_nolock(0);
  EXPECT_EQ(pcp().count, 3);
  EXPECT_EQ(pcp(1).count, 0);
  free_nolock(page, 0);
  EXPECT_EQ(pcp().count, 4);
  EXPECT_EQ(alloc_nolock(0), page);  // last in, first out
  free_nolock(page, 0);
  expect_all_free();
}

TEST_F(PageLists, RefillHandsOutInAddressOrder) {
  init(batched());
  PageType* first = alloc(0);
  PageType* second = alloc(0);
  EXPECT_EQ(second, first + 1);
  pages.free_pages(first, 0);
  pages.free_pages(second, 0);
}

TEST_F(PageLists, NolockFreesOverflowUntilSomebodyMayWait) {
  init(batched());
  fail_always(site::pcp_lock);
  std::vector<PageType*> taken;
  for (int i = 0; i < 40; ++i) taken.push_back(alloc_nolock(0));
  script().fail = {};
  for (PageType* page : taken) free_nolock(page, 0);
  EXPECT_EQ(pcp().count, 40);
  PageType* page = alloc(0);
  pages.free_pages(page, 0);
  EXPECT_LT(pcp().count, 40);
  EXPECT_EQ(page::audit(pages), "");
}

TEST_F(PageLists, StatisticsWorkerTrimsTheOverflow) {
  init(batched());
  fail_always(site::pcp_lock);
  std::vector<PageType*> taken;
  for (int i = 0; i < 40; ++i) taken.push_back(alloc_nolock(0));
  script().fail = {};
  for (PageType* page : taken) free_nolock(page, 0);
  pages.trim_pcp();
  EXPECT_EQ(pcp().count, 16);
  pages.drain_pcp(1);
  EXPECT_EQ(pcp().count, 16);
  pages.drain_pcp(0);
  EXPECT_EQ(pcp().count, 0);
  expect_all_free();
}

TEST_F(PageLists, OrdinaryFreesStayWithinTheLimit) {
  init(batched());
  std::vector<PageType*> taken;
  for (int i = 0; i < 100; ++i) taken.push_back(alloc(0));
  for (PageType* page : taken) {
    pages.free_pages(page, 0);
    EXPECT_LE(pcp().count, 16);
  }
}

TEST_F(PageLists, GivingBackPausesBetweenBatches) {
  init(batched());
  fail_always(site::pcp_lock);
  std::vector<PageType*> taken;
  for (int i = 0; i < 40; ++i) taken.push_back(alloc_nolock(0));
  script().fail = {};
  for (PageType* page : taken) free_nolock(page, 0);
  // The list cannot be re-entered after the first batch: the rest stays.
  int sections = 0;
  script().fail = [&](Site at) { return at == site::pcp_lock && ++sections > 1; };
  PageType* extra = taken[0];
  ASSERT_EQ(alloc_nolock(0), taken.back());
  sections = 0;
  extra = taken.back();
  pages.free_pages(extra, 0);
  EXPECT_EQ(pcp().count, 36);
  script().fail = {};
}

TEST_F(PageLists, EachOrderAndTypeHasItsList) {
  init(batched());
  for (unsigned order = 0; order <= 3; ++order) {
    for (const page::Gfp type : {page::Gfp::none, gfp::movable, gfp::reclaimable}) {
      PageType* page = alloc(order, gfp::kernel | type);
      ASSERT_NE(page, nullptr);
      script().nolock = true;
      pages.free_pages_nolock(page, order);
      script().nolock = false;
      EXPECT_EQ(page->kind, page::PageKind::pcp);
      EXPECT_EQ(page->list_type, page::migrate_type(type));
    }
  }
  expect_all_free();
}

TEST_F(PageLists, BusyPerCpuListLetsFreesGoToTheBuddyLists) {
  init(batched());
  PageType* page = alloc(1);
  const std::int64_t before = page::take_census(pages).buddy;
  fail_always(site::pcp_lock);
  free_nolock(page, 1);
  EXPECT_EQ(page::take_census(pages).buddy, before + 2);
  EXPECT_EQ(parked(), 0);
}

TEST_F(PageLists, ParksWhenBothLocksAreBusy) {
  init(batched());
  PageType* page = alloc(2);
  page->private_word = 77;
  fail_always(site::pcp_lock, site::zone_lock);
  free_nolock(page, 2);
  EXPECT_EQ(parked(), 4);
  EXPECT_EQ(page->kind, page::PageKind::parked);
  EXPECT_EQ(page->private_word, 2u);  // the order, for the drain
  script().fail = {};
  EXPECT_EQ(pages.drain_parked(), 4u);
  EXPECT_EQ(parked(), 0);
  EXPECT_EQ(pages.drain_parked(), 0u);
  expect_all_free();
}

TEST_F(PageLists, HighOrdersParkWhenTheZoneIsBusy) {
  init(batched());
  PageType* page = alloc(5);
  fail_always(site::zone_lock);
  free_nolock(page, 5);
  EXPECT_EQ(parked(), 32);
  script().fail = {};
  expect_all_free();
}

TEST_F(PageLists, ParksWhereNoTrylockIsAllowed) {
  init(batched());
  PageType* small = alloc(0);
  PageType* large = alloc(5);
  script().rt = true;
  script().context = Context::hardirq;
  free_nolock(small, 0);
  free_nolock(large, 5);
  EXPECT_EQ(parked(), 33);
  script().rt = false;
  script().smp = false;
  script().context = Context::task;
  PageType* third = alloc(5);
  script().context = Context::nmi;
  free_nolock(third, 5);
  EXPECT_EQ(parked(), 65);
  script().context = Context::task;
  expect_all_free();
}

TEST_F(PageLists, OnlyAnOrdinaryFreeToTheBuddyListsDrains) {
  init(batched());
  PageType* page = alloc(0);
  PageType* other = alloc(0);
  PageType* large = alloc(4);
  fail_always(site::pcp_lock, site::zone_lock);
  free_nolock(page, 0);
  script().fail = {};
  ASSERT_EQ(parked(), 1);
  pages.free_pages(other, 0);  // to the per-CPU list
  EXPECT_EQ(parked(), 1);
  free_nolock(large, 4);  // takes the zone lock, but not the time
  EXPECT_EQ(parked(), 1);
  pages.drain_all_pcp();
  EXPECT_EQ(parked(), 1);
  large = alloc(4);
  pages.free_pages(large, 4);
  EXPECT_EQ(parked(), 0);
  expect_all_free();
}

TEST_F(PageLists, ParkedPagesAreNotCountedAsFree) {
  init(batched());
  PageType* page = alloc(3);
  pages.drain_all_pcp();
  const std::int64_t before = pages.zone(0).buddy().areas().peek_free_pages();
  fail_always(site::pcp_lock, site::zone_lock);
  free_nolock(page, 3);
  script().fail = {};
  EXPECT_EQ(pages.zone(0).buddy().areas().peek_free_pages(), before);
  pages.drain_parked();
  EXPECT_EQ(pages.zone(0).buddy().areas().peek_free_pages(), before + 8);
}

TEST_F(PageLists, BalanceCollectsEverything) {
  init(batched());
  PageType* page = alloc(0);
  fail_always(site::pcp_lock, site::zone_lock);
  free_nolock(page, 0);
  script().fail = {};
  EXPECT_TRUE(pages.balance(0));
  EXPECT_EQ(page::take_census(pages).buddy, 1024);
}

TEST_F(PageLists, FreedMemoryIsMarkedForSanitizers) {
  init(batched());
  PageType* page = alloc_nolock(1);
  auto* bytes = static_cast<unsigned char*>(pages.address(page));
  for (std::size_t i = 0; i < 2 * pages.page_size(); ++i) ASSERT_EQ(bytes[i], 0);
  bytes[0] = bytes[8191] = 1;
#ifdef ANYCTX_ASAN
  EXPECT_EQ(__asan_region_is_poisoned(bytes, 8192), nullptr);
#endif
  free_nolock(page, 1);
#ifdef ANYCTX_ASAN
  EXPECT_EQ(__asan_address_is_poisoned(bytes), 1);
  EXPECT_EQ(__asan_address_is_poisoned(bytes + 8191), 1);
#endif
  page = alloc_nolock(1);  // the same memory, dirty
  ASSERT_EQ(pages.address(page), bytes);
  EXPECT_EQ(bytes[0] + bytes[8191], 0);
  free_nolock(page, 1);
}

TEST_F(PageLists, ZeroingIsTheCallersChoiceForOrdinaryRequests) {
  init(batched());
  PageType* page = alloc(0);
  EXPECT_EQ(*static_cast<unsigned char*>(pages.address(page)), 0xd1);
  pages.free_pages(page, 0);
  page = alloc(0, gfp::kernel | gfp::zero);
  EXPECT_EQ(*static_cast<unsigned char*>(pages.address(page)), 0);
  pages.free_pages(page, 0);
}

}  // namespace
}  // namespace anyctx::test
