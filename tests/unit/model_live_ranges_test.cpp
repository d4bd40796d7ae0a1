// LiveRanges: which bytes of a memory belong to somebody.
#include <gtest/gtest.h>

#include "fuzzers/model/live_ranges.h"

namespace anyctx::model {
namespace {

constexpr std::size_t kMemory = 1 << 16;

class LiveRangesTest : public ::testing::Test {
 protected:
  void SetUp() override { ranges_.reset(kMemory); }
  LiveRanges ranges_;
};

TEST_F(LiveRangesTest, NeighboursDoNotOverlap) {
  EXPECT_EQ(ranges_.claim(0, 8), std::nullopt);
  EXPECT_EQ(ranges_.claim(8, 4096), std::nullopt);
  EXPECT_EQ(ranges_.claim(4104, 3), std::nullopt);
  EXPECT_EQ(ranges_.owned_bytes(), 4112u);
  EXPECT_TRUE(ranges_.owned(4105));
  EXPECT_FALSE(ranges_.owned(4112));
}

TEST_F(LiveRangesTest, OverlapNamesItsFirstByteAndChangesNothing) {
  EXPECT_EQ(ranges_.claim(1024, 96), std::nullopt);
  EXPECT_EQ(ranges_.claim(0, 4096), 1024u);
  EXPECT_EQ(ranges_.claim(1112, 8), 1112u);
  EXPECT_EQ(ranges_.owned_bytes(), 96u);
  EXPECT_EQ(ranges_.claim(0, 1024), std::nullopt);
}

TEST_F(LiveRangesTest, RangesEndWithTheMemory) {
  EXPECT_EQ(ranges_.claim(kMemory - 8, 8), std::nullopt);
  EXPECT_EQ(ranges_.claim(kMemory - 16, 32), kMemory);
  EXPECT_EQ(ranges_.claim(kMemory + 64, 8), kMemory + 64);
  EXPECT_EQ(ranges_.claim(~std::size_t{0} - 15, 8), ~std::size_t{0} - 15);
}

TEST_F(LiveRangesTest, OnlyWhatIsOwnedIsReleased) {
  ASSERT_EQ(ranges_.claim(64, 1000), std::nullopt);
  EXPECT_FALSE(ranges_.release(56, 16));
  EXPECT_FALSE(ranges_.release(kMemory, 8));
  EXPECT_TRUE(ranges_.release(64, 1000));
  EXPECT_FALSE(ranges_.release(64, 8));
  EXPECT_EQ(ranges_.owned_bytes(), 0u);
}

TEST_F(LiveRangesTest, ResetForgetsEverything) {
  ASSERT_EQ(ranges_.claim(0, kMemory), std::nullopt);
  ranges_.reset(kMemory / 2);
  EXPECT_EQ(ranges_.claim(0, kMemory / 2), std::nullopt);
  EXPECT_EQ(ranges_.claim(kMemory / 2, 8), kMemory / 2);
  ranges_.reset(2 * kMemory);
  EXPECT_EQ(ranges_.claim(0, 2 * kMemory), std::nullopt);
}

}  // namespace
}  // namespace anyctx::model
