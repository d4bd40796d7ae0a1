// Memory cgroups: the hierarchy, stocks, what a failed charge leaves behind, and how payers end.
#include "lib/page/memcg.h"

#include "tests/unit/page_bed.h"

namespace anyctx::test {
namespace {

using page::Gfp;
using page::Spin;
using M = ScriptedMachine;
using Group = page::MemCgroup<M>;
using Payer = page::ObjCgroup<M>;

constexpr std::uint32_t kPage = 4096;

class MemcgTest : public PageBed {
 protected:
  /// A parent with two children, and a payer for each of them.
  void set_up(std::uint64_t child_max = Group::kNoLimit, std::uint64_t parent_max = Group::kNoLimit,
              unsigned slots = 5) {
    init(small());
    top_.init({.max = parent_max});
    for (Group& group : groups_) group.init({.max = child_max}, &top_);
    memcg_.init({.current = [](void* self) { return static_cast<MemcgTest*>(self)->current_; },
                 .owner = this,
                 .object_slots = slots});
    pages.account_to(memcg_);
    for (unsigned i = 0; i < 3; ++i) memcg_.bring_online(payers_[i], groups_[i % 2]);
    current_ = &payers_[0];
  }

  template <class F>
  static auto nolock(F f) {
    script().nolock = true;
    const auto result = f();
    script().nolock = false;
    return result;
  }
  bool charge(Payer& payer, std::uint32_t size, Spin spin = Spin::never) {
    return nolock([&] { return memcg_.try_charge_object(payer, size, spin); });
  }
  void uncharge(Payer& payer, std::uint32_t size) {
    nolock([&] { return memcg_.uncharge_object(payer, size, Spin::never), 0; });
  }

  /// What the group has is what objects, stocks and counters say. `used`: bytes of live objects.
  void expect_identity(const Group& group, std::uint64_t used, std::uint64_t live_pages = 0) {
    std::uint64_t bytes = used + live_pages * kPage + memcg_.pages().peek_stock(group) * kPage;
    for (const Payer& payer : payers_) {
      if (&payer.memcg() != &group) continue;
      bytes += payer.peek_bytes() + memcg_.bytes().peek_stock(payer).bytes;
    }
    EXPECT_EQ(group.peek_charged() * kPage, bytes);
  }
  /// Everything is uncharged; nothing may be left.
  void expect_nothing_charged() {
    for (Payer& payer : payers_) memcg_.take_offline(payer, Spin::allowed);
    memcg_.drain_unused_stocks();
    for (const Payer& payer : payers_) {
      EXPECT_EQ(payer.peek_references(), 0u);
      EXPECT_EQ(payer.peek_bytes(), 0u);
      EXPECT_TRUE(payer.peek_released());
    }
    for (const Group& group : groups_) EXPECT_EQ(group.peek_charged(), 0u);
    EXPECT_EQ(top_.peek_charged(), 0u);
  }

  static void fail_trylock(machine::Site site) {
    script().fail = [site](machine::Site at) { return at == site; };
  }

  page::Memcg<M> memcg_;
  Group top_;
  Group groups_[2];
  Payer payers_[3];  // 0 and 2 of the same group
  Payer* current_ = nullptr;
};

TEST_F(MemcgTest, a_charge_counts_in_every_group_above) {
  set_up();
  EXPECT_EQ(groups_[0].charge(3), nullptr);
  EXPECT_EQ(groups_[0].peek_charged(), 3u);
  EXPECT_EQ(groups_[1].peek_charged(), 0u);
  EXPECT_EQ(top_.peek_charged(), 3u);
  groups_[0].uncharge(3);
  EXPECT_EQ(top_.peek_charged(), 0u);
}

TEST_F(MemcgTest, a_refused_charge_changes_no_group) {
  set_up(10, 12);
  EXPECT_EQ(groups_[0].charge(9), nullptr);
  EXPECT_EQ(groups_[0].charge(2), &groups_[0]);
  EXPECT_EQ(groups_[1].charge(4), &top_);
  EXPECT_EQ(groups_[0].peek_charged(), 9u);
  EXPECT_EQ(groups_[1].peek_charged(), 0u);
  EXPECT_EQ(top_.peek_charged(), 9u);
  groups_[0].uncharge(9);
}

TEST_F(MemcgTest, amounts_beyond_any_limit_are_refused) {
  set_up(10, 12);
  EXPECT_FALSE(groups_[0].try_charge(~std::uint64_t{0}));
  EXPECT_EQ(groups_[0].peek_charged(), 0u);
  EXPECT_EQ(top_.peek_charged(), 0u);
}

TEST_F(MemcgTest, who_may_not_spin_counts_a_refusal_and_tells_nobody) {
  set_up(1);
  EXPECT_TRUE(charge(payers_[0], kPage - 8));
  EXPECT_FALSE(charge(payers_[0], 100));  // a wake-up would be a violation
  EXPECT_EQ(groups_[0].peek_refused(), 1u);
  script().context = machine::Context::nmi;
  EXPECT_FALSE(charge(payers_[0], 100));
  script().context = machine::Context::task;
  EXPECT_EQ(groups_[0].peek_refused(), 2u);
  uncharge(payers_[0], kPage - 8);
  expect_nothing_charged();
}

TEST_F(MemcgTest, over_the_high_limit_nothing_is_queued_by_a_nolock_charge) {
  set_up();
  groups_[0].init({.high = 0}, &top_);
  script().context = machine::Context::nmi;
  EXPECT_TRUE(charge(payers_[0], 100));
  script().context = machine::Context::task;
  uncharge(payers_[0], 100);
  expect_nothing_charged();
}

TEST_F(MemcgTest, an_object_is_charged_with_its_word_and_the_rest_of_the_page_kept) {
  set_up();
  EXPECT_TRUE(charge(payers_[0], 92));
  EXPECT_EQ(groups_[0].peek_charged(), 1u);
  EXPECT_EQ(memcg_.bytes().peek_stock(payers_[0]).bytes, kPage - 100u);
  EXPECT_EQ(payers_[0].peek_references(), 3u);  // its owner's, the object's, the stock's
  EXPECT_TRUE(charge(payers_[0], 92));
  EXPECT_EQ(groups_[0].peek_charged(), 1u);
  expect_identity(groups_[0], 200);
  uncharge(payers_[0], 92);
  uncharge(payers_[0], 92);
  expect_identity(groups_[0], 0);
  expect_nothing_charged();
}

TEST_F(MemcgTest, a_busy_stock_leaves_the_rest_in_the_payers_counter) {
  set_up();
  fail_trylock(page::site::memcg_object_stock);
  EXPECT_TRUE(charge(payers_[0], 92));
  EXPECT_EQ(payers_[0].peek_bytes(), kPage - 100u);
  uncharge(payers_[0], 92);
  EXPECT_EQ(payers_[0].peek_bytes(), kPage);
  script().fail = nullptr;
  expect_identity(groups_[0], 0);
  expect_nothing_charged();
}

TEST_F(MemcgTest, a_slot_takes_the_payers_counter_along_without_losing_any) {
  set_up();
  fail_trylock(page::site::memcg_object_stock);
  // More than a slot can hold.
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(charge(payers_[0], 2000));
  EXPECT_GT(payers_[0].peek_bytes(), 65535u);
  script().fail = nullptr;
  EXPECT_TRUE(charge(payers_[0], 2000));
  expect_identity(groups_[0], 41 * 2008);
  for (int i = 0; i < 41; ++i) uncharge(payers_[0], 2000);
  expect_identity(groups_[0], 0);
  expect_nothing_charged();
}

TEST_F(MemcgTest, a_busy_page_stock_is_passed_by) {
  set_up();
  fail_trylock(page::site::memcg_page_stock);
  EXPECT_TRUE(charge(payers_[0], 5000));
  uncharge(payers_[0], 5000);
  EXPECT_EQ(memcg_.pages().peek_stock(groups_[0]), 0u);
  script().fail = nullptr;
  expect_identity(groups_[0], 0);
  expect_nothing_charged();
}

TEST_F(MemcgTest, who_may_spin_charges_a_batch_and_who_may_not_does_not) {
  set_up();
  EXPECT_TRUE(memcg_.try_charge_pages(payers_[0], 1, Spin::allowed));
  EXPECT_EQ(groups_[0].peek_charged(), 64u);
  EXPECT_TRUE(nolock([&] { return memcg_.try_charge_pages(payers_[1], 1, Spin::never); }));
  EXPECT_EQ(groups_[1].peek_charged(), 1u);
  EXPECT_TRUE(nolock([&] { return memcg_.try_charge_pages(payers_[0], 63, Spin::never); }));
  EXPECT_EQ(groups_[0].peek_charged(), 64u);
  memcg_.uncharge_pages(payers_[0], 64, Spin::never);
  memcg_.uncharge_pages(payers_[1], 1, Spin::never);
  expect_identity(groups_[0], 0);
  expect_nothing_charged();
}

TEST_F(MemcgTest, a_batch_that_is_refused_is_no_refusal) {
  set_up(10);
  EXPECT_TRUE(memcg_.try_charge_pages(payers_[0], 10, Spin::allowed));
  EXPECT_EQ(groups_[0].peek_refused(), 0u);
  EXPECT_FALSE(memcg_.try_charge_pages(payers_[0], 1, Spin::allowed));
  EXPECT_EQ(groups_[0].peek_refused(), 1u);
  memcg_.uncharge_pages(payers_[0], 10, Spin::allowed);
  expect_nothing_charged();
}

TEST_F(MemcgTest, the_last_reference_dropped_without_spinning_is_released_by_deferred_work) {
  set_up(Group::kNoLimit, Group::kNoLimit, 1);
  EXPECT_TRUE(charge(payers_[0], 92));
  uncharge(payers_[0], 92);
  nolock([&] { return memcg_.take_offline(payers_[0], Spin::never), 0; });
  EXPECT_EQ(payers_[0].peek_references(), 1u);  // the stock's
  // Another payer needs the slot: the groups lock must not be taken for that.
  EXPECT_TRUE(charge(payers_[1], 92));
  EXPECT_EQ(payers_[0].peek_references(), 0u);
  EXPECT_FALSE(payers_[0].peek_released());
  memcg_.drain_stock(Spin::allowed);  // this machine does not interrupt itself
  EXPECT_TRUE(payers_[0].peek_released());
  uncharge(payers_[1], 92);
  memcg_.bring_online(payers_[0], groups_[0]);
  expect_nothing_charged();
}

TEST_F(MemcgTest, who_may_spin_releases_at_once) {
  set_up();
  memcg_.take_offline(payers_[0], Spin::allowed);
  EXPECT_TRUE(payers_[0].peek_released());
  memcg_.bring_online(payers_[0], groups_[0]);
  expect_nothing_charged();
}

TEST_F(MemcgTest, pages_are_charged_and_uncharged_by_every_free) {
  set_up();
  for (unsigned order : {0u, 2u}) {
    for (bool spin : {false, true}) {
      PageType* const page =
          nolock([&] { return pages.alloc_pages_nolock(page::gfp::account, -1, order); });
      ASSERT_NE(page, nullptr);
      EXPECT_EQ(page->payer, &payers_[0]);
      expect_identity(groups_[0], 0, std::uint64_t{1} << order);
      if (spin) {
        pages.free_pages(page, order);
      } else {
        nolock([&] { return pages.free_pages_nolock(page, order), 0; });
      }
      EXPECT_EQ(page->payer, nullptr);
      expect_identity(groups_[0], 0);
      EXPECT_EQ(payers_[0].peek_references(), 1u);
    }
  }
  expect_nothing_charged();
}

TEST_F(MemcgTest, pages_of_nobody_are_not_charged) {
  set_up(0);
  PageType* const unasked = pages.alloc_pages(page::gfp::kernel, -1, 0);
  EXPECT_EQ(unasked->payer, nullptr);
  current_ = nullptr;
  PageType* const nobodys = pages.alloc_pages(page::gfp::kernel | page::gfp::account, -1, 0);
  ASSERT_NE(nobodys, nullptr);
  EXPECT_EQ(nobodys->payer, nullptr);
  pages.free_pages(unasked, 0);
  pages.free_pages(nobodys, 0);
  expect_nothing_charged();
}

TEST_F(MemcgTest, pages_that_nobody_may_have_go_back) {
  set_up(1);
  const std::int64_t before = page::take_census(pages).total();
  for (unsigned attempt = 0; attempt < 2; ++attempt) {
    EXPECT_EQ(nolock([&] { return pages.alloc_pages_nolock(page::gfp::account, -1, 1); }), nullptr);
    EXPECT_TRUE(script().caused_by(page::site::memcg_limit));
  }
  EXPECT_EQ(pages.alloc_pages(page::gfp::kernel | page::gfp::account, -1, 1), nullptr);
  EXPECT_EQ(page::take_census(pages).total(), before);
  expect_identity(groups_[0], 0);
  expect_nothing_charged();
}

TEST_F(MemcgTest, pages_given_back_without_a_lock_are_parked_and_uncharged) {
  set_up(1);
  PageType* const page =
      nolock([&] { return pages.alloc_pages_nolock(page::gfp::account, -1, 0); });
  ASSERT_NE(page, nullptr);
  script().fail = [](machine::Site at) {
    return at == page::site::pcp_lock || at == page::site::zone_lock;
  };
  nolock([&] { return pages.free_pages_nolock(page, 0), 0; });
  script().fail = nullptr;
  EXPECT_EQ(page->kind, page::PageKind::parked);
  EXPECT_EQ(page->payer, nullptr);
  expect_nothing_charged();
}

TEST_F(MemcgTest, the_parts_of_a_block_are_uncharged_one_by_one) {
  set_up();
  PageType* const page = pages.alloc_pages(page::gfp::kernel | page::gfp::account, -1, 2);
  ASSERT_NE(page, nullptr);
  pages.get_page(page);
  pages.free_pages(page, 2);  // the other reference keeps the first page
  EXPECT_EQ(page->payer, &payers_[0]);
  expect_identity(groups_[0], 0, 1);
  EXPECT_EQ(payers_[0].peek_references(), 2u);
  pages.free_pages(page, 0);
  expect_identity(groups_[0], 0);
  expect_nothing_charged();
}

TEST_F(MemcgTest, a_compound_block_is_uncharged_with_its_last_reference) {
  set_up();
  PageType* const page =
      nolock([&] { return pages.alloc_pages_nolock(page::gfp::account, -1, 2); });
  ASSERT_NE(page, nullptr);
  pages.get_page(page);
  pages.free_pages(page, 2);
  expect_identity(groups_[0], 0, 4);
  pages.free_pages(page, 2);
  expect_identity(groups_[0], 0);
  expect_nothing_charged();
}

}  // namespace
}  // namespace anyctx::test
