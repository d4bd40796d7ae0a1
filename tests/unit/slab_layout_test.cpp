// Buckets, layouts and orders, against the tables of the kernel's behaviour.
#include "lib/slab/layout.h"

#include <gtest/gtest.h>

#include "lib/machine/native.h"
#include "lib/slab/bucket.h"
#include "lib/slab/freelist.h"
#include "lib/slab/slab_allocator.h"

namespace anyctx::slab {
namespace {

TEST(Bucket, IsTheSmallestThatFits) {
  for (std::size_t size = 1; size <= kMaxCacheSize; ++size) {
    const unsigned bucket = bucket_of(size);
    ASSERT_GE(kBucketSizes[bucket], size);
    if (bucket != 0) {
      ASSERT_LT(kBucketSizes[bucket - 1], size);
    }
  }
}

TEST(Bucket, AliasesFollowTheMinimumAlignment) {
  const auto size_of_alias = [](std::size_t size, unsigned min_align) {
    return kBucketSizes[alias_of(bucket_of(size), min_align)];
  };
  EXPECT_EQ(size_of_alias(8, 8), 8);
  EXPECT_EQ(size_of_alias(8, 16), 16);
  EXPECT_EQ(size_of_alias(96, 32), 96);
  EXPECT_EQ(size_of_alias(96, 64), 128);
  EXPECT_EQ(size_of_alias(192, 64), 192);
  EXPECT_EQ(size_of_alias(192, 128), 256);
}

TEST(Bucket, AlignmentIsTheLargestPowerOfTwoThatDivides) {
  EXPECT_EQ(bucket_alignment(8), 8u);
  EXPECT_EQ(bucket_alignment(96), 32u);
  EXPECT_EQ(bucket_alignment(192), 64u);
  EXPECT_EQ(bucket_alignment(8192), 8192u);
}

struct OrderRow {
  std::uint32_t size;
  unsigned cpus;
  unsigned order;
  unsigned objects;
};

TEST(Layout, OrderAndObjectsOfPlainCaches) {
  constexpr OrderRow kRows[] = {
      {8, 1, 0, 512},   {8, 64, 0, 512},  {16, 4, 0, 256},  {32, 4, 0, 128},  {64, 8, 0, 64},
      {96, 8, 0, 42},   {128, 8, 0, 32},  {192, 8, 0, 21},  {192, 16, 1, 42}, {256, 4, 0, 16},
      {256, 8, 1, 32},  {512, 1, 0, 8},   {512, 2, 1, 16},  {512, 4, 1, 16},  {512, 8, 2, 32},
      {1024, 1, 1, 8},  {1024, 2, 2, 16}, {1024, 4, 2, 16}, {1024, 8, 3, 32}, {2048, 1, 2, 8},
      {2048, 2, 3, 16}, {4096, 1, 3, 8},  {4096, 64, 3, 8}, {8192, 1, 3, 4},  {8192, 64, 3, 4},
  };
  for (const OrderRow& row : kRows) {
    const Layout layout = make_layout({.size = row.size}, true, 12, row.cpus);
    EXPECT_EQ(layout.order, row.order) << row.size << " with " << row.cpus;
    EXPECT_EQ(layout.objects, row.objects) << row.size << " with " << row.cpus;
    EXPECT_EQ(layout.size, row.size);
  }
}

TEST(Layout, MinPartialAndCpuPartial) {
  const auto of = [](std::uint32_t size) { return make_layout({.size = size}, true, 12, 4); };
  EXPECT_EQ(of(8).min_partial, 5u);
  EXPECT_EQ(of(2048).min_partial, 5u);
  EXPECT_EQ(of(4096).min_partial, 6u);
  EXPECT_EQ(of(8192).min_partial, 6u);
  // Twice the objects to keep, in slabs, rounded up.
  EXPECT_EQ(of(128).cpu_partial_slabs, (2 * 120 + 31) / 32);
  EXPECT_EQ(of(256).cpu_partial_slabs, (2 * 52 + 15) / 16);
  EXPECT_EQ(of(1024).cpu_partial_slabs, 2 * 24 / 16);
  EXPECT_EQ(of(4096).cpu_partial_slabs, 2u);
}

TEST(Layout, LinkOfAPlainObjectIsInItsMiddle) {
  EXPECT_EQ(make_layout({.size = 64}, false, 12, 4).offset, 32u);
  EXPECT_EQ(make_layout({.size = 100}, false, 12, 4).offset, 48u);
  EXPECT_EQ(make_layout({.size = 8}, false, 12, 4).offset, 0u);
  EXPECT_EQ(make_layout({.size = 20}, false, 12, 4).size, 24u);
}

TEST(Layout, LinkIsOutsideWhereTheObjectMustNotChange) {
  const Layout poisoned = make_layout({.size = 64, .flags = CacheFlags::poison}, false, 12, 4);
  EXPECT_EQ(poisoned.offset, 64u);
  EXPECT_EQ(poisoned.size, 72u);
  const Layout constructed = make_layout({.size = 64, .constructor = [](void*) {}}, false, 12, 4);
  EXPECT_EQ(constructed.offset, 64u);
}

TEST(Layout, DebugPartsDoNotOverlap) {
  const Layout layout = make_layout({.size = 96, .align = 32, .flags = kDebugFlags}, true, 12, 4);
  EXPECT_EQ(layout.inuse, 104u);  // red zone of a word
  EXPECT_EQ(layout.offset, 104u);
  EXPECT_EQ(layout.track_offset, 112u);
  EXPECT_EQ(layout.size_offset, 112u + 2 * sizeof(Track));
  EXPECT_EQ(layout.left_pad, 32u);
  EXPECT_EQ(layout.size % 32, 0u);
  EXPECT_GE(layout.size, layout.size_offset + 8 + 8 + layout.left_pad);
  EXPECT_EQ(layout.cpu_partial_slabs, 0u);
}

TEST(Layout, ObjectsFillNoMoreThanTheSlab) {
  for (const unsigned page_shift : {12u, 16u}) {
    for (std::uint32_t size = 1; size <= 20000; size += 37) {
      for (const CacheFlags flags : {CacheFlags::none, kDebugFlags}) {
        const Layout layout = make_layout({.size = size, .flags = flags}, true, page_shift, 4);
        ASSERT_GE(layout.objects, 1u) << size;
        ASSERT_LE(layout.objects, kMaxObjectsPerSlab);
        ASSERT_LE(std::uint64_t{layout.objects} * layout.size, 1u << (page_shift + layout.order));
        ASSERT_GE(layout.min_objects, 1u);
        ASSERT_LE(layout.min_order, layout.order);
      }
    }
  }
}

TEST(Freelist, EncodingRoundTripsAndHidesNull) {
  alignas(8) void* slot[2] = {};
  const FreelistCodec plain;
  EXPECT_EQ(plain.encode(nullptr, slot), nullptr);
  EXPECT_EQ(plain.encode(slot + 1, slot), slot + 1);
  const FreelistCodec coded(0x123456789abcdef0u);
  EXPECT_NE(coded.encode(nullptr, slot), nullptr);
  EXPECT_EQ(coded.decode(coded.encode(nullptr, slot), slot), nullptr);
  EXPECT_EQ(coded.decode(coded.encode(slot + 1, slot), slot), slot + 1);
  EXPECT_NE(coded.encode(nullptr, slot), coded.encode(nullptr, slot + 1));
}

TEST(Counters, PackAndUnpack) {
  const Counters counters{.inuse = 32767, .objects = 32767, .frozen = true};
  EXPECT_EQ(Counters::unpack(counters.pack()), counters);
  const Counters other{.inuse = 1, .objects = 512, .frozen = false};
  EXPECT_EQ(Counters::unpack(other.pack()), other);
}

}  // namespace
}  // namespace anyctx::slab
