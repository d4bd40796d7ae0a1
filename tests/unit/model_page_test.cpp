// The model of the page target: owners, limits, isolation, and the audit of lists at rest.
#include <gtest/gtest.h>

#include "fuzzers/model/block_content.h"
#include "fuzzers/model/page_audit.h"
#include "fuzzers/model/page_isolation.h"
#include "fuzzers/model/page_limits.h"

namespace anyctx::model {
namespace {

TEST(PageOwnersTest, BlocksDoNotOverlap) {
  PageOwners owners;
  owners.reset(64);
  EXPECT_EQ(owners.acquire(8, 2, true, 1), std::nullopt);
  EXPECT_EQ(owners.acquire(8, 0, false, 2), 8u);
  EXPECT_EQ(owners.acquire(0, 4, false, 2), 8u);
  EXPECT_EQ(owners.acquire(60, 3, false, 2), 64u);
  EXPECT_EQ(owners.pages_in_use(), 4);
  EXPECT_EQ(owners.head(11), 8u);
  owners.drop(8, true);
  EXPECT_EQ(owners.pages_in_use(), 0);
  EXPECT_EQ(owners.acquire(0, 4, false, 2), std::nullopt);
}

TEST(PageOwnersTest, ACompoundBlockLivesAsLongAsItsLastReference) {
  PageOwners owners;
  owners.reset(64);
  ASSERT_EQ(owners.acquire(4, 2, true, 1), std::nullopt);
  ++owners.block(4).references;
  owners.drop(4, true);
  EXPECT_EQ(owners.pages_in_use(), 4);
  owners.drop(4, false);
  EXPECT_EQ(owners.pages_in_use(), 0);
}

TEST(PageOwnersTest, AnotherBlockShrinksToItsFirstPage) {
  PageOwners owners;
  owners.reset(64);
  ASSERT_EQ(owners.acquire(4, 2, false, 1), std::nullopt);
  ++owners.block(4).references;
  owners.drop(4, true);
  EXPECT_EQ(owners.pages_in_use(), 1);
  EXPECT_TRUE(owners.in_use(4));
  EXPECT_FALSE(owners.in_use(5));
  owners.drop(4, false);
  EXPECT_EQ(owners.pages_in_use(), 0);
}

class PageLimitsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    zones_ = {{0, 256, 0, true, {}}, {256, 1024, 0, false, {}}, {1024, 2048, 1, false, {}}};
    limits_.reset(zones_, 12, 64);
  }
  /// True if this block is enough for the request.
  bool served(const PageRequest& request, FreeBlock block, std::int64_t boost = 0) const {
    const std::vector<std::int64_t> boosts(3, boost);
    return limits_.must_succeed(request, {&block, 1}, boosts);
  }
  static FreeBlock buddy(unsigned zone, unsigned order, BlockType type = BlockType::movable) {
    return {0,   static_cast<std::uint8_t>(order), Place::buddy, static_cast<std::uint8_t>(zone), 0,
            type};
  }

  std::vector<ZoneView> zones_;
  PageLimits limits_;
};

TEST_F(PageLimitsTest, Watermarks) {
  // A share of 64 pages in MIN, by size; a step of a quarter of that.
  EXPECT_EQ(limits_.marks(zones_[0]), (Watermarks{8, 10, 12}));
  EXPECT_EQ(limits_.marks(zones_[2]), (Watermarks{32, 40, 48}));
  const std::vector<ZoneView> one = {{0, 262144, 0, false, {}}};
  PageLimits usual;
  usual.reset(one, 12, 0);  // 1 GiB: sqrt(16 * 1048576) KiB
  EXPECT_EQ(usual.marks(one[0]).min, 1024);
  usual.reset({one.data(), 1}, 16, 0);
  EXPECT_EQ(usual.marks(one[0]).min, 256);
}

TEST_F(PageLimitsTest, FloorByKindOfRequest) {
  EXPECT_EQ(limits_.floor({.order = 0, .nolock = true}, 2), 32);
  EXPECT_EQ(limits_.floor({.order = 3, .nolock = true, .high = true}, 2), 39);
  EXPECT_EQ(limits_.floor({.order = 0, .may_reclaim = true, .high = true}, 2), 16);
  EXPECT_EQ(limits_.floor({.order = 0, .high = true}, 2), 12);
  // The low zone keeps 768 / 256 pages from those who could use the high one.
  EXPECT_EQ(limits_.floor({.order = 0}, 0), 11);
  EXPECT_EQ(limits_.floor({.order = 0, .only_low = true}, 0), 8);
}

TEST_F(PageLimitsTest, EnoughIsEnough) {
  EXPECT_FALSE(served({.order = 0, .nolock = true}, buddy(2, 5)));
  EXPECT_TRUE(served({.order = 0, .nolock = true}, buddy(2, 6)));
  EXPECT_FALSE(served({.order = 0, .nolock = true}, buddy(2, 6), 100));
  EXPECT_FALSE(served({.order = 7, .nolock = true}, buddy(2, 6)));
  EXPECT_FALSE(served({.order = 11}, buddy(2, 10)));
}

TEST_F(PageLimitsTest, OnlyOrdinaryMemoryCounts) {
  EXPECT_FALSE(served({.order = 0}, buddy(2, 6, BlockType::reserve)));
  EXPECT_FALSE(served({.order = 0}, buddy(2, 6, BlockType::isolated)));
  FreeBlock block = buddy(2, 6);
  block.place = Place::pcp;
  EXPECT_FALSE(served({.order = 0}, block));
  block.place = Place::held_back;
  EXPECT_TRUE(served({.order = 0}, block));
  EXPECT_FALSE(served({.order = 0, .nolock = true}, block));
}

TEST_F(PageLimitsTest, OnlyAllowedZonesCount) {
  EXPECT_FALSE(served({.order = 0, .only_low = true}, buddy(1, 6)));
  EXPECT_TRUE(served({.order = 0, .only_low = true}, buddy(0, 6)));
  EXPECT_FALSE(served({.order = 0, .only_node = 0}, buddy(2, 6)));
  EXPECT_TRUE(served({.order = 0, .only_node = 1}, buddy(2, 6)));
  EXPECT_EQ(limits_.zone_of(0), 0u);
  EXPECT_EQ(limits_.zone_of(256), 1u);
  EXPECT_EQ(limits_.zone_of(5000), 2u);
}

TEST(PageIsolationTest, SealedOnceAllCpusWereDrained) {
  PageIsolation isolation;
  isolation.reset(100, 4, 2);
  EXPECT_EQ(isolation.pageblocks(), 7u);
  isolation.drained(0);
  isolation.set(1, PageIsolation::State::isolated, true);
  isolation.drained(1);
  EXPECT_FALSE(isolation.sealed(16));
  isolation.drained(0);
  EXPECT_TRUE(isolation.sealed(16));
  EXPECT_TRUE(isolation.sealed(31));
  EXPECT_FALSE(isolation.sealed(32));
  isolation.set(1, PageIsolation::State::in_use, true);
  EXPECT_FALSE(isolation.sealed(16));
  EXPECT_FALSE(isolation.any());
  isolation.set(2, PageIsolation::State::isolated, false);
  EXPECT_EQ(isolation.state(2), PageIsolation::State::unknown);
  EXPECT_TRUE(isolation.any());
}

TEST(BlockContentTest, EndsOfEachPageAreWatched) {
  std::vector<std::byte> bytes(3 * 4096);
  const BlockMemory block{bytes.data(), bytes.size(), 4096};
  fill_block(block, 5);
  EXPECT_EQ(find_changed(block, 5), std::nullopt);
  EXPECT_TRUE(find_changed(block, 6).has_value());
  for (const std::size_t at : {0u, 4095u, 4096u, 8192u + 127u, 12287u}) {
    const std::byte before = bytes[at];
    bytes[at] ^= std::byte{1};
    EXPECT_EQ(find_changed(block, 5), at);
    bytes[at] = before;
  }
}

/// 32 pages in one zone: 0..15 a buddy block, 16..19 on a per-CPU list, 20..23 parked, 24 and 25 in
/// use, 26 and 27 a buddy block, 28..31 held back.
class PageAuditTest : public ::testing::Test {
 protected:
  void SetUp() override {
    snapshot_.zones = {{0, 32, 0, false, {}}};
    snapshot_.pages.resize(32);
    snapshot_.cpus = 1;
    snapshot_.pageblock_order = 4;
    snapshot_.pcp = {4};
    snapshot_.blocks = {{0, 4, Place::buddy, 0, 0, BlockType::movable},
                        {16, 2, Place::pcp, 0, 0, {}},
                        {20, 2, Place::parked, 0, 0, {}},
                        {26, 1, Place::buddy, 0, 0, BlockType::unmovable},
                        {28, 2, Place::held_back, 0, 0, {}}};
    ZoneCounters counters;
    counters.free = 18;
    counters.blocks[4] = 1;
    counters.blocks[1] = 1;
    snapshot_.counters = {counters};
    for (Pfn page = 0; page < 16; ++page) snapshot_.pages[page].block_type = BlockType::movable;
    snapshot_.pages[0].buddy = true;
    snapshot_.pages[0].private_word = 4;
    snapshot_.pages[20].private_word = 2;
    snapshot_.pages[24].references = 1;
    snapshot_.pages[26].buddy = true;
    snapshot_.pages[26].private_word = 1;
    owners_.reset(32);
    ASSERT_EQ(owners_.acquire(24, 1, false, 1), std::nullopt);
    ASSERT_FALSE(audit().has_value()) << audit()->rule;
  }

  MaybeFinding audit() { return PageAudit().run(snapshot_, owners_); }
  void expect(Fault fault, const std::string& rule) {
    const MaybeFinding finding = audit();
    ASSERT_TRUE(finding.has_value()) << "nothing found: " << rule;
    EXPECT_EQ(finding->fault, fault) << finding->rule;
    EXPECT_NE(finding->rule.find(rule), std::string::npos) << finding->rule;
    EXPECT_NE(finding->expected, finding->found);
  }

  PageSnapshot snapshot_;
  PageOwners owners_;
};

TEST_F(PageAuditTest, BlockOutOfPlace) {
  snapshot_.blocks[3].pfn = 25;
  expect(Fault::structure, "aligned to its size");
  snapshot_.blocks[3] = {26, 11, Place::buddy, 0, 0, {}};
  expect(Fault::structure, "aligned to its size");
  snapshot_.blocks[3] = {32, 0, Place::pcp, 0, 0, {}};
  expect(Fault::structure, "lies in the zone");
}

TEST_F(PageAuditTest, PageInTwoPlaces) {
  snapshot_.blocks.push_back({24, 0, Place::parked, 0, 0, {}});
  expect(Fault::conservation, "in use is on no list");
  snapshot_.blocks.back() = {21, 0, Place::pcp, 0, 0, {}};
  expect(Fault::conservation, "on one list");
}

TEST_F(PageAuditTest, PageNowhere) {
  snapshot_.blocks.pop_back();
  expect(Fault::conservation, "in use or on a list");
  snapshot_.leaked = 4;
  EXPECT_FALSE(audit().has_value());
}

TEST_F(PageAuditTest, PageDescriptors) {
  snapshot_.pages[21].references = 1;
  expect(Fault::refcount, "no references");
  snapshot_.pages[21].references = 0;
  snapshot_.pages[17].buddy = true;
  expect(Fault::structure, "is flagged");
  snapshot_.pages[17].buddy = false;
  snapshot_.pages[17].private_word = 1;
  expect(Fault::structure, "private word");
  snapshot_.pages[17].private_word = 0;
  snapshot_.pages[25].buddy = true;
  expect(Fault::structure, "on a buddy list");
}

TEST_F(PageAuditTest, BuddyBlocks) {
  snapshot_.pages[0].private_word = 3;
  expect(Fault::structure, "list of its order");
  snapshot_.pages[0].private_word = 4;
  snapshot_.blocks[0].type = BlockType::isolated;
  expect(Fault::structure, "pageblock's type");
}

TEST_F(PageAuditTest, BuddiesThatAreNotMerged) {
  snapshot_.blocks[1].place = Place::buddy;
  snapshot_.blocks[2].place = Place::buddy;
  for (const Pfn page : {16u, 20u}) {
    snapshot_.pages[page].buddy = true;
    snapshot_.pages[page].private_word = 2;
  }
  expect(Fault::structure, "merged");
}

TEST_F(PageAuditTest, Counters) {
  snapshot_.counters[0].free = 17;
  expect(Fault::counter, "its free pages");
  snapshot_.counters[0].free = 18;
  snapshot_.counters[0].reserve = 1;
  expect(Fault::counter, "of its reserve");
  snapshot_.counters[0].reserve = 0;
  snapshot_.counters[0].blocks[4] = 2;
  expect(Fault::counter, "by order");
  snapshot_.counters[0].blocks[4] = 1;
  snapshot_.pcp[0] = 5;
  expect(Fault::counter, "per-CPU list counts");
}

}  // namespace
}  // namespace anyctx::model
