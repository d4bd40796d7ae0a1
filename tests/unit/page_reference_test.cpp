// What a block is for its user: references, compound pages, and reports of misuse.
#include "tests/unit/page_bed.h"

namespace anyctx::test {
namespace {

using machine::Bug;
using page::PageKind;
namespace gfp = page::gfp;

using PageReference = PageBed;

TEST_F(PageReference, EveryEntryPointSetsTheCount) {
  init(small());
  PageType* ordinary = alloc(1);
  PageType* nolock = alloc_nolock(1);
  PageType* frozen = pages.alloc_frozen_pages(gfp::kernel, 0, 1, page::Spin::allowed);
  PageType* frozen_nolock = pages.alloc_frozen_pages(gfp::account, 0, 1, page::Spin::never);
  EXPECT_EQ(ordinary->refcount.peek(), 1);
  EXPECT_EQ(nolock->refcount.peek(), 1);
  EXPECT_EQ(frozen->refcount.peek(), 0);
  EXPECT_EQ(frozen_nolock->refcount.peek(), 0);
  pages.free_pages(ordinary, 1);
  free_nolock(nolock, 1);
  pages.free_frozen_pages(frozen, 1, page::Spin::allowed);
  pages.free_frozen_pages(frozen_nolock, 1, page::Spin::never);
  expect_all_free();
}

TEST_F(PageReference, NolockPagesAreCompound) {
  init(small());
  PageType* page = alloc_nolock(2);
  EXPECT_TRUE(page->compound);
  EXPECT_EQ(page->order, 2);
  for (int i = 1; i < 4; ++i) {
    EXPECT_EQ(page[i].kind, PageKind::tail);
    EXPECT_EQ(pages.head(page + i), page);
    EXPECT_EQ(page[i].refcount.peek(), 0);
  }
  pages.get_page(page + 3);  // a reference of a tail is one of the head
  EXPECT_EQ(page->refcount.peek(), 2);
  EXPECT_FALSE(pages.put_page_testzero(page + 1));
  EXPECT_TRUE(pages.put_page_testzero(page));
  pages.free_frozen_pages(page, 2, page::Spin::never);
  expect_all_free();
}

TEST_F(PageReference, LastReferenceFrees) {
  init(small());
  PageType* page = alloc_nolock(1);
  pages.get_page(page);
  free_nolock(page, 1);
  EXPECT_EQ(page->kind, PageKind::live);  // compound: stays whole
  EXPECT_EQ(page[1].kind, PageKind::tail);
  free_nolock(page, 1);
  EXPECT_EQ(page->kind, PageKind::pcp);
  expect_all_free();
}

TEST_F(PageReference, RestOfAPlainBlockIsFreedWhileItsFirstPageIsHeld) {
  init(small());
  PageType* page = alloc(3);
  EXPECT_FALSE(page->compound);
  pages.get_page(page);
  free_nolock(page, 3);
  EXPECT_EQ(page->kind, PageKind::live);
  EXPECT_EQ(page->refcount.peek(), 1);
  EXPECT_EQ(page::take_census(pages).total(), 255);
  EXPECT_EQ(page::audit(pages), "");
  pages.free_pages(page, 0);  // the other holder knows of one page
  expect_all_free();
}

TEST_F(PageReference, RestOfAPlainBlockParksToo) {
  init(small());
  PageType* page = alloc(2);
  pages.get_page(page);
  fail_always(page::site::pcp_lock, page::site::zone_lock);
  free_nolock(page, 2);
  EXPECT_EQ(page::take_census(pages).parked, 3);
  free_nolock(page, 0);
  script().fail = {};
  EXPECT_EQ(page::take_census(pages).parked, 4);
  expect_all_free();
}

TEST_F(PageReference, PrivateWordIsClearedOnTheWayBack) {
  init(small());
  PageType* page = alloc(1);
  page[0].private_word = 1;
  page[1].private_word = 2;
  pages.free_pages(page, 1);
  EXPECT_EQ(page[0].private_word + page[1].private_word, 0u);
  expect_all_free();
}

TEST_F(PageReference, NullIsIgnored) {
  init(small());
  pages.free_pages(nullptr, 0);
  pages.free_pages_nolock(nullptr, 3);
  expect_all_free();
}

TEST_F(PageReference, DoubleFreeIsReported) {
  init(small());
  PageType* page = alloc(0);
  pages.free_pages(page, 0);
  pages.free_pages(page, 0);
  expect_bug(Bug::double_free);
  free_nolock(page, 0);
  expect_bug(Bug::double_free);
  pages.free_frozen_pages(page, 0, page::Spin::never);
  expect_bug(Bug::double_free);
  expect_all_free();
  pages.free_pages(page, 0);  // in the buddy lists by now
  expect_bug(Bug::double_free);
}

TEST_F(PageReference, DoubleFreeOfAParkedPageIsReported) {
  init(small());
  PageType* page = alloc(0);
  fail_always(page::site::pcp_lock, page::site::zone_lock);
  free_nolock(page, 0);
  free_nolock(page, 0);
  script().fail = {};
  expect_bug(Bug::double_free);
  expect_all_free();
}

TEST_F(PageReference, WrongOrderLeaksTheBlock) {
  init(small());
  PageType* page = alloc_nolock(2);
  free_nolock(page, 1);
  expect_bug(Bug::invalid_free);
  EXPECT_EQ(page::take_census(pages).leaked, 4);
  EXPECT_EQ(page->kind, PageKind::leaked);

  PageType* plain = alloc(1);
  pages.free_pages(plain, 3);  // more than was allocated
  EXPECT_EQ(script().bugs.size(), 2u);
  expect_bug(script().bugs.back());
  EXPECT_EQ(page::take_census(pages).leaked, 6);

  PageType* single = alloc(0);
  pages.free_pages(single, 42);
  expect_bug(Bug::invalid_free);
  EXPECT_EQ(page::take_census(pages).leaked, 7);
  pages.drain_all_pcp();
  EXPECT_EQ(page::take_census(pages).buddy, 249);
}

TEST_F(PageReference, WrongOrderWithReferencesLeftTouchesNothing) {
  init(small());
  PageType* page = alloc(0);
  pages.get_page(page);
  pages.free_pages(page, 20);
  expect_bug(Bug::invalid_free);
  EXPECT_EQ(page->refcount.peek(), 1);
  pages.free_pages(page, 0);
  expect_all_free();
}

TEST_F(PageReference, TailsAndForeignPagesAreNotFreed) {
  init(small());
  PageType* page = alloc_nolock(1);
  pages.free_pages(page + 1, 0);
  expect_bug(Bug::invalid_free);
  page->kind = PageKind::slab;  // as lib/slab marks its own
  page->refcount.store(0);
  pages.free_frozen_pages(page, 1, page::Spin::allowed);
  expect_bug(Bug::invalid_free);
  page->kind = PageKind::live;
  pages.free_frozen_pages(page, 1, page::Spin::allowed);
  expect_all_free();
}

TEST_F(PageReference, ReferencesThatAreNotHeldAreReported) {
  init(small());
  PageType* page = alloc(0);
  PageType* frozen = pages.alloc_frozen_pages(gfp::kernel, 0, 0, page::Spin::allowed);
  pages.free_pages(frozen, 0);
  expect_bug(Bug::bad_refcount);
  pages.get_page(frozen);
  expect_bug(Bug::bad_refcount);
  EXPECT_EQ(frozen->refcount.peek(), 0);
  pages.free_frozen_pages(page, 0, page::Spin::allowed);  // a reference is left
  expect_bug(Bug::bad_refcount);
  EXPECT_EQ(page->kind, PageKind::leaked);
  pages.free_frozen_pages(frozen, 0, page::Spin::allowed);
}

TEST_F(PageReference, OverwrittenFreePageIsLeakedNotHandedOut) {
  init(small());
  PageType* page = alloc(0);
  pages.free_pages(page, 0);
  page->private_word = 5;  // somebody writes to a page that is on a per-CPU list
  PageType* other = alloc(0);
  expect_bug(Bug::bad_page);
  ASSERT_NE(other, nullptr);
  EXPECT_NE(other, page);
  EXPECT_EQ(page->kind, PageKind::leaked);
  pages.free_pages(other, 0);
  EXPECT_EQ(page::take_census(pages).leaked, 1);
}

}  // namespace
}  // namespace anyctx::test
