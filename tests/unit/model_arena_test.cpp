// The model of arenas: addresses, free space, states of slots.
#include <gtest/gtest.h>

#include "fuzzers/model/arena_errors.h"
#include "fuzzers/model/arena_shadow.h"
#include "fuzzers/model/arena_space.h"

namespace anyctx::model {
namespace {

// --- Addresses. Two slots at the end of a 4 GiB window.

constexpr ArenaGeometry kTop = {12, 2, 0x1000'ffff'e000, 0x1001'0000'0000};

TEST(ArenaGeometry, SlotsGoByTheLowHalf) {
  EXPECT_EQ(kTop.pages(), 2u);
  EXPECT_EQ(kTop.kernel_page(0), 0xffffeu);
  EXPECT_EQ(kTop.kernel_page(1), 0xfffffu);
  EXPECT_EQ(kTop.slot(0), 2u);                             // null
  EXPECT_EQ(kTop.slot(kTop.user_start - 4096), 0xfffffu);  // below
  EXPECT_EQ(kTop.slot(0x5a5a'ffff'f000), 1u);
  EXPECT_EQ(kTop.address(1), 0x1000'ffff'f000u);
}

TEST(ArenaGeometry, RequestsMustFit) {
  EXPECT_TRUE(kTop.ask(0, 2).legal);
  EXPECT_FALSE(kTop.ask(0, 3).legal);
  EXPECT_FALSE(kTop.ask(0, 0).legal);
  EXPECT_TRUE(kTop.ask(kTop.user_start + 4096, 1).legal);
  EXPECT_FALSE(kTop.ask(kTop.user_start + 4096, 2).legal);
  EXPECT_FALSE(kTop.ask(kTop.user_start + 1, 1).legal);
  EXPECT_FALSE(ArenaGeometry{}.ask(0, 1).legal);  // not mapped yet
  // A whole window: the address behind it means its beginning.
  constexpr ArenaGeometry all = {12, 1u << 20, 1ull << 40, (1ull << 40) + (1ull << 32)};
  EXPECT_EQ(all.ask(all.user_end, 1).range.first, 0u);
}

TEST(ArenaGeometry, FreesAreClipped) {
  constexpr ArenaGeometry middle = {12, 16, 0x1000'0001'0000, 0x1000'0002'0000};
  EXPECT_EQ(middle.freed(middle.user_start + 5000, 1), (SlotRange{1, 1}));
  EXPECT_EQ(middle.freed(middle.user_start + 4096, ~0u), (SlotRange{1, 15}));
  EXPECT_EQ(middle.freed(0x1'e000, 1), (SlotRange{14, 1}));
  EXPECT_TRUE(middle.freed(middle.user_start - 4096, 1).empty());  // does not wrap
  EXPECT_TRUE(middle.freed(middle.user_end, 1).empty());
  EXPECT_TRUE(middle.freed(0, 1).empty());
  EXPECT_TRUE(middle.freed(middle.user_start, 0).empty());
}

TEST(ArenaErrors, CreationChecksInOrder) {
  const auto error = [](ArenaAttributes attributes) { return create_error(attributes, 12); };
  EXPECT_EQ(error({}), 0);
  EXPECT_EQ(error({.max_entries = 0}), -EINVAL);
  EXPECT_EQ(error({.key_size = 4}), -EINVAL);
  EXPECT_EQ(error({.map_flags = 0}), -EINVAL);
  EXPECT_EQ(error({.map_flags = map_flag::mmapable | 4}), -EINVAL);
  EXPECT_EQ(error({.map_extra = 1}), -EINVAL);
  EXPECT_EQ(error({.max_entries = 1u << 20}), 0);
  EXPECT_EQ(error({.max_entries = (1u << 20) + 1}), -E2BIG);
  EXPECT_EQ(error({.max_entries = 2, .map_extra = 0xffff'f000}), -ERANGE);
}

// --- Space.

bool may_place(const ArenaSpace& space, std::uint32_t count, std::uint32_t first) {
  std::uint32_t instead = 0;
  return space.may_place(count, first, instead);
}

TEST(ArenaSpace, BestFit) {
  ArenaSpace space;
  space.reset(100);
  space.take({10, 5});  // 0..9, 15..99
  space.take({20, 5});  // 0..9, 15..19, 25..99
  EXPECT_TRUE(may_place(space, 3, 15));
  EXPECT_TRUE(may_place(space, 6, 0));
  EXPECT_FALSE(may_place(space, 6, 25));
  EXPECT_FALSE(may_place(space, 76, 25));
  EXPECT_EQ(space.longest(), 75u);
}

TEST(ArenaSpace, OfEqualsTheLastToChange) {
  ArenaSpace space;
  space.reset(20);
  space.take({0, 20});
  space.give({2, 1});
  space.give({8, 1});
  space.give({5, 1});
  EXPECT_TRUE(may_place(space, 1, 5));
  EXPECT_FALSE(may_place(space, 1, 8));
  space.give({3, 1});
  space.take({3, 1});  // what is left of 2..3 changed last
  EXPECT_TRUE(may_place(space, 1, 2));
}

TEST(ArenaSpace, WhatIsNewHasNoKnownOrder) {
  ArenaSpace space;
  space.reset(20);
  space.take({0, 20});
  space.give({2, 1});
  const SlotRange runs[] = {{2, 1}, {9, 1}};
  space.observe(runs);
  EXPECT_TRUE(may_place(space, 1, 2));
  EXPECT_TRUE(may_place(space, 1, 9));
  EXPECT_FALSE(may_place(space, 1, 3));
}

TEST(ArenaSpace, MergesWithNeighbours) {
  ArenaSpace space;
  space.reset(20);
  space.take({0, 20});
  space.give({2, 2});
  space.give({6, 2});
  space.give({4, 2});
  EXPECT_TRUE(space.all_free({2, 6}));
  EXPECT_FALSE(space.all_free({2, 7}));
  EXPECT_FALSE(space.all_free({1, 2}));
}

// --- States.

TEST(ArenaShadow, DeferredFreeEndsInFree) {
  ArenaShadow shadow;
  shadow.reset(8);
  shadow.allocated({2, 2});
  EXPECT_EQ(shadow.slot(2).states, StateSet{SlotState::allocated});
  shadow.queued({2, 1}, false);
  // The worker has not come yet.
  shadow.each({2, 1},
              [](SlotRange, ShadowSlot& slot) { ArenaShadow::observe(slot, kWithPage, 7); });
  EXPECT_TRUE(shadow.slot(2).states.has(SlotState::queued));
  shadow.all_arrived();
  EXPECT_EQ(shadow.slot(2).states, StateSet{SlotState::free});
  EXPECT_EQ(shadow.slot(3).states, StateSet{SlotState::allocated});
}

TEST(ArenaShadow, DeferredFreeThatMayHaveBeenRefused) {
  ArenaShadow shadow;
  shadow.reset(8);
  shadow.allocated({2, 1});
  shadow.queued({2, 1}, true);
  shadow.all_arrived();
  EXPECT_TRUE(shadow.slot(2).states.any_of(kWithPage));
  EXPECT_TRUE(shadow.slot(2).states.has(SlotState::free));
}

TEST(ArenaShadow, WhoAllocatesBeforeTheWorkerComesMayLoseIt) {
  ArenaShadow shadow;
  shadow.reset(8);
  shadow.allocated({2, 1});
  shadow.queued({2, 1}, false);
  shadow.freed({2, 1});      // by somebody who did not wait
  shadow.allocated({2, 1});  // and by the next owner
  EXPECT_TRUE(shadow.slot(2).states.has(SlotState::allocated));
  EXPECT_TRUE(shadow.slot(2).states.has(SlotState::free));
}

TEST(ArenaShadow, ReservationIsUndoneByADeferredFree) {
  ArenaShadow shadow;
  shadow.reset(8);
  shadow.reserved({2, 1});
  shadow.queued({2, 1}, false);
  EXPECT_TRUE(shadow.slot(2).states.any_of(meaning(false, false)));
  shadow.all_arrived();
  EXPECT_EQ(shadow.slot(2).states, StateSet{SlotState::free});
}

TEST(ArenaShadow, StartsOver) {
  ArenaShadow shadow;
  shadow.reset(8);
  shadow.allocated({0, 8});
  shadow.reset(4);
  EXPECT_EQ(shadow.slot(0).states, StateSet{SlotState::free});
}

}  // namespace
}  // namespace anyctx::model
