// What lets an allocation in: the gates of nolock requests, watermarks, reserves, held back memory.
// Every null has its cause on record, and changes nothing.
#include "tests/unit/page_bed.h"

namespace anyctx::test {
namespace {

using machine::Context;
namespace gfp = page::gfp;
namespace site = page::site;

class PageAdmission : public PageBed {
 protected:
  /// A nolock request fails, for this reason, and leaves no trace.
  void expect_refused(unsigned order, machine::Site cause) {
    const page::Census before = page::take_census(pages);
    script().causes.clear();
    EXPECT_EQ(alloc_nolock(order), nullptr);
    EXPECT_TRUE(script().caused_by(cause));
    EXPECT_EQ(page::take_census(pages).buddy, before.buddy);
    EXPECT_EQ(page::take_census(pages).pcp, before.pcp);
  }
  void expect_admitted(unsigned order) {
    script().causes.clear();
    PageType* page = alloc_nolock(order);
    EXPECT_NE(page, nullptr);
    free_nolock(page, order);
  }
  std::int64_t free_pages() { return pages.zone(0).buddy().areas().peek_free_pages(); }
};

TEST_F(PageAdmission, NolockOrdersAreThoseOfPerCpuLists) {
  init(small());
  for (unsigned order = 0; order <= 3; ++order) expect_admitted(order);
  for (const unsigned order : {4u, 9u, 10u, 11u, 63u}) expect_refused(order, site::order);
}

TEST_F(PageAdmission, NmiIsAdmittedOnSmp) {
  init(small());
  script().context = Context::nmi;
  expect_admitted(0);
  EXPECT_EQ(page::take_census(pages).parked, 0);
}

TEST_F(PageAdmission, NmiIsRefusedOnUp) {
  init(small());
  script().cpus = 1;
  script().smp = false;
  expect_admitted(0);
  script().context = Context::hardirq;
  expect_admitted(0);
  script().context = Context::nmi;
  expect_refused(0, site::context);
}

TEST_F(PageAdmission, HardInterruptIsRefusedOnRt) {
  init(small());
  script().rt = true;
  expect_admitted(1);
  script().context = Context::softirq;
  expect_admitted(1);
  for (const Context context : {Context::hardirq, Context::nmi}) {
    script().context = context;
    expect_refused(0, site::context);
  }
}

TEST_F(PageAdmission, BootGateStaysShutUntilInitialisationIsFinished) {
  page::Config config = small();
  config.deferred_init = true;
  init(config);
  EXPECT_EQ(page::take_census(pages).held_back, 128);
  expect_refused(0, site::boot);
  EXPECT_EQ(page::take_census(pages).held_back, 128);
  std::vector<PageType*> taken = exhaust(gfp::kernel);  // ordinary requests grow the zone
  EXPECT_EQ(page::take_census(pages).held_back, 0);
  EXPECT_GT(taken.size(), 200u);
  expect_refused(0, site::boot);
  free_all(taken);
  pages.finish_deferred_init();
  EXPECT_TRUE(pages.peek_boot_finished());
  expect_admitted(0);
  expect_all_free();
}

TEST_F(PageAdmission, FinishedInitialisationGivesAllMemory) {
  page::Config config = small();
  config.deferred_init = true;
  init(config);
  pages.finish_deferred_init();
  expect_all_free();
}

TEST_F(PageAdmission, NolockStopsAboveMin) {
  init(small());
  fail_always(site::pcp_lock);
  std::vector<PageType*> taken;
  while (PageType* page = alloc_nolock(0)) taken.push_back(page);
  EXPECT_EQ(free_pages(), 8);  // MIN: the last one was given when 9 were free
  script().fail = {};
  expect_refused(0, site::watermark);
  free_all(taken);
}

TEST_F(PageAdmission, NolockAllowsForTheOtherPagesOfItsOrder) {
  init(small());
  fail_always(site::pcp_lock);
  std::vector<PageType*> taken;
  while (PageType* page = alloc_nolock(3)) taken.push_back(page);
  // free - (8 - 1) > 8
  EXPECT_LE(free_pages(), 15);
  EXPECT_GT(free_pages(), 7);
  for (PageType* page : taken) free_nolock(page, 3);
}

TEST_F(PageAdmission, ReservesAreForThoseInNeed) {
  init(small());
  fail_always(site::pcp_lock);
  std::vector<PageType*> ordinary = exhaust(gfp::kernel | gfp::nomemalloc);
  EXPECT_EQ(free_pages(), 8);
  std::vector<PageType*> high = exhaust(gfp::high | gfp::nomemalloc);
  EXPECT_EQ(free_pages(), 4);  // half of MIN
  std::vector<PageType*> atomic = exhaust(gfp::atomic);
  EXPECT_EQ(free_pages(), 3);  // three eighths
  free_all(ordinary);
  free_all(high);
  free_all(atomic);
}

TEST_F(PageAdmission, FragmentationIsACauseOfItsOwn) {
  init(small());
  fail_always(site::pcp_lock);
  std::vector<PageType*> taken = exhaust(gfp::atomic);
  std::vector<PageType*> kept;
  for (PageType* page : taken) {
    if (pages.pfn(page) % 2 == 0) {
      pages.free_pages(page, 0);
    } else {
      kept.push_back(page);
    }
  }
  ASSERT_GT(free_pages(), 64);
  script().causes.clear();
  EXPECT_EQ(alloc_nolock(3), nullptr);
  EXPECT_TRUE(script().caused_by(site::fragmentation));
  free_all(kept);
}

TEST_F(PageAdmission, BusyPerCpuListIsMadeUpForByTheBuddyLists) {
  init(small());
  fail_always(site::pcp_lock);
  expect_admitted(2);
  EXPECT_TRUE(script().caused_by(site::pcp_lock));
  EXPECT_EQ(page::take_census(pages).pcp, 0);
}

TEST_F(PageAdmission, BusyLocksAreACause) {
  init(small());
  fail_always(site::pcp_lock, site::zone_lock);
  expect_refused(0, site::zone_lock);
  script().fail = {};
  PageType* page = alloc_nolock(0);
  free_nolock(page, 0);
  fail_always(site::zone_lock);  // but what is on the per-CPU list needs no zone lock
  expect_admitted(0);
}

TEST_F(PageAdmission, UnacceptedMemoryDoesNotStandInTheWay) {
  page::Config config = small();
  config.unaccepted = 128;
  init(config);
  EXPECT_EQ(page::take_census(pages).held_back, 128);
  expect_admitted(0);  // there is plenty on the free lists
  EXPECT_FALSE(script().caused_by(site::unaccepted));
  EXPECT_EQ(page::take_census(pages).held_back, 128);

  fail_always(site::pcp_lock);
  std::vector<PageType*> taken;
  while (PageType* page = alloc_nolock(0)) taken.push_back(page);
  EXPECT_EQ(taken.size(), 119u);  // all above MIN, but for the page on the per-CPU list
  script().fail = {};
  expect_refused(0, site::unaccepted);
  EXPECT_EQ(page::take_census(pages).held_back, 128);

  std::vector<PageType*> more = exhaust(gfp::kernel);  // ordinary requests accept it
  EXPECT_GT(more.size(), 100u);
  EXPECT_EQ(page::take_census(pages).held_back, 0);
  free_all(taken);
  free_all(more);
  expect_all_free();
}

TEST_F(PageAdmission, OnlyAccountIsACallersChoiceForNolock) {
  init(small());
  PageType* page = pages.alloc_pages_nolock(gfp::account | gfp::direct_reclaim | gfp::high, 0, 0);
  ASSERT_NE(page, nullptr);
  EXPECT_EQ(page->refcount.peek(), 1);
  free_nolock(page, 0);
}

TEST_F(PageAdmission, OrdinaryRequestsCollectCachesBeforeTheyFail) {
  init(small(64));
  // All memory of the zone sits on the per-CPU list of another CPU and on the parked list.
  fail_always(site::pcp_lock);
  std::vector<PageType*> taken = exhaust(gfp::kernel);
  script().fail = {};
  script().cpu = 1;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (i % 2 == 0) fail_always(site::pcp_lock, site::zone_lock);
    free_nolock(taken[i], 0);
    script().fail = {};
  }
  script().cpu = 0;
  EXPECT_EQ(page::take_census(pages).pcp, static_cast<std::int64_t>(taken.size() / 2));
  EXPECT_EQ(page::take_census(pages).parked, static_cast<std::int64_t>(taken.size() / 2));
  EXPECT_EQ(alloc(3, gfp::atomic), nullptr);
  PageType* page = alloc(3);
  EXPECT_NE(page, nullptr);
  pages.free_pages(page, 3);
}

TEST_F(PageAdmission, SleepingRequestsSayThatTheySleep) {
  init(small());
  script().context = Context::softirq;
  PageType* page = alloc(0, gfp::kernel);
  EXPECT_EQ(script().violations.size(), 1u);
  script().violations.clear();
  pages.free_pages(page, 0);
  page = alloc(0, gfp::atomic);
  EXPECT_TRUE(script().violations.empty());
  pages.free_pages(page, 0);
}

}  // namespace
}  // namespace anyctx::test
