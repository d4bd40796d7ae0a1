// The installed library, through its C interface, of which each function is one call of a Heap.
#include "lib/native/anyctx/heap.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "lib/native/anyctx/anyctx.h"
#include "lib/slab/audit.h"

namespace anyctx::test {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

/// A heap in which nothing is wrong at the end.
class NativeHeap : public ::testing::Test {
 protected:
  ~NativeHeap() override {
    anyctx_barrier(heap_);
    EXPECT_EQ(slab::audit(reinterpret_cast<Heap*>(heap_)->slabs()), "");
    anyctx_heap_destroy(heap_);
  }

  static bool is_zero(const void* memory, std::size_t size) {
    const auto* const bytes = static_cast<const unsigned char*>(memory);
    return std::all_of(bytes, bytes + size, [](unsigned char byte) { return byte == 0; });
  }
  /// What is printed while `run` runs.
  template <class Run>
  static std::string printed(Run run) {
    testing::internal::CaptureStderr();
    run();
    return testing::internal::GetCapturedStderr();
  }

  anyctx_heap* heap_ = anyctx_heap_create(16 * kMiB, 0);
};

TEST_F(NativeHeap, WhatReadersMaySeeStays) {
  for (const bool srcu : {false, true}) {
    auto* const object = static_cast<unsigned char*>(anyctx_alloc_nolock(heap_, 100, 0));
    std::memset(object, 0x77, 100);
    const unsigned token = srcu ? anyctx_srcu_read_lock(heap_) : anyctx_rcu_read_lock(heap_);
    srcu ? anyctx_free_srcu_nolock(heap_, object + 16) : anyctx_free_rcu_nolock(heap_, object + 16);
    for (int i = 0; i < 10; ++i) anyctx_poll(heap_);
    EXPECT_EQ(std::count(object, object + 16, 0x77), 16);
    EXPECT_EQ(std::count(object + 24, object + 100, 0x77), 76);
    EXPECT_NE(printed([&] { anyctx_free(heap_, object); }).find("double-free"), std::string::npos);
    srcu ? anyctx_srcu_read_unlock(heap_, token) : anyctx_rcu_read_unlock(heap_, token);
    anyctx_grace_barrier(heap_);
    EXPECT_EQ(anyctx_alloc(heap_, 100, 0), object);  // free again, and the first to be used
    anyctx_free(heap_, object);
  }
}

TEST_F(NativeHeap, EachKindOfAllocationMeetsEachKindOfFree) {
  for (std::size_t size = 1; size <= ANYCTX_NOLOCK_SIZE_MAX; size += size / 3 + 1) {
    for (const bool nolock : {false, true}) {
      for (const bool free_nolock : {false, true}) {
        void* const object = nolock ? anyctx_alloc_nolock(heap_, size, ANYCTX_ZERO)
                                    : anyctx_alloc(heap_, size, ANYCTX_ZERO);
        ASSERT_NE(object, nullptr) << size;
        EXPECT_TRUE(is_zero(object, size));
        EXPECT_TRUE(anyctx_owns(heap_, object));
        const std::size_t usable = anyctx_usable_size(heap_, object);
        EXPECT_GE(usable, size);
        std::memset(object, 0xff, usable);
        free_nolock ? anyctx_free_nolock(heap_, object) : anyctx_free(heap_, object);
      }
    }
  }
}

TEST_F(NativeHeap, SizesAtTheLimits) {
  void* const largest = anyctx_alloc(heap_, 4 * kMiB, 0);
  ASSERT_NE(largest, nullptr);
  EXPECT_EQ(anyctx_usable_size(heap_, largest), 4 * kMiB);
  anyctx_free(heap_, largest);
  EXPECT_EQ(anyctx_alloc(heap_, 4 * kMiB + 1, 0), nullptr);
  EXPECT_EQ(anyctx_alloc_nolock(heap_, ANYCTX_NOLOCK_SIZE_MAX + 1, 0), nullptr);
  void* const nothing = anyctx_alloc_nolock(heap_, 0, 0);
  EXPECT_NE(nothing, nullptr);
  EXPECT_FALSE(anyctx_owns(heap_, nothing));
  anyctx_free_nolock(heap_, nothing);
  anyctx_free(heap_, nullptr);
  anyctx_free_nolock(heap_, nullptr);
}

TEST_F(NativeHeap, PagesAreAlignedZerosAndReturn) {
  for (unsigned order = 0; order <= ANYCTX_NOLOCK_ORDER_MAX; ++order) {
    const std::size_t size = std::size_t{4096} << order;
    // Several times all of the memory.
    for (std::size_t used = 0; used < 64 * kMiB; used += size) {
      void* const pages = anyctx_alloc_pages_nolock(heap_, order);
      ASSERT_NE(pages, nullptr);
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(pages) % size, 0u);
      static_cast<unsigned char*>(pages)[size - 1] = 1;
      anyctx_free_pages_nolock(heap_, pages, order);
    }
    void* const pages = anyctx_alloc_pages_nolock(heap_, order);
    EXPECT_TRUE(is_zero(pages, size));
    anyctx_free_pages_nolock(heap_, pages, order);
  }
  EXPECT_EQ(anyctx_alloc_pages_nolock(heap_, ANYCTX_NOLOCK_ORDER_MAX + 1), nullptr);
  anyctx_free_pages_nolock(heap_, nullptr, 0);
  int foreign = 0;
  EXPECT_EQ(printed([&] {
              anyctx_free_pages_nolock(heap_, &foreign, 0);
            }).find("anyctx: invalid-free at 0x"),
            0u);
}

TEST_F(NativeHeap, Caches) {
  anyctx_cache* const cache = anyctx_cache_create(heap_, "points", 24, 64);
  ASSERT_NE(cache, nullptr);
  void* const object = anyctx_cache_alloc(heap_, cache, ANYCTX_ZERO);
  void* const other = anyctx_cache_alloc(heap_, cache, 0);
  EXPECT_TRUE(is_zero(object, 24));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(object) % 64, 0u);
  anyctx_cache_free(heap_, cache, object);
  anyctx_free_nolock(heap_, other);
  EXPECT_TRUE(anyctx_cache_destroy(heap_, cache));
  EXPECT_EQ(anyctx_cache_create(heap_, "none", 0, 0), nullptr);
  EXPECT_EQ(anyctx_cache_create(heap_, "odd", 24, 3), nullptr);
  EXPECT_EQ(anyctx_cache_create(heap_, "long", std::size_t{1} << 40, 0), nullptr);
  EXPECT_EQ(anyctx_cache_create(heap_, "far", 24, std::size_t{1} << 40), nullptr);
}

TEST_F(NativeHeap, CacheWithLiveObjectsStays) {
  anyctx_cache* const cache = anyctx_cache_create(heap_, "kept", 24, 0);
  void* const object = anyctx_cache_alloc(heap_, cache, 0);
  EXPECT_EQ(printed([&] {
              EXPECT_FALSE(anyctx_cache_destroy(heap_, cache));
            }).find("anyctx: cache-in-use at 0x"),
            0u);
  anyctx_cache_free(heap_, cache, object);
}

// What nolock frees defer is not free before somebody finishes it.
TEST_F(NativeHeap, PollGivesBackWhatNolockFreesDeferred) {
  const auto use_all_memory_once = [&] {
    std::vector<void*> objects;
    while (void* const object = anyctx_alloc_nolock(heap_, 1000, 0)) objects.push_back(object);
    for (void* const object : objects) anyctx_free_nolock(heap_, object);
    return objects.size();
  };
  const std::size_t all = use_all_memory_once();
  EXPECT_GT(all, 8000u);
  EXPECT_LT(use_all_memory_once(), all / 10);
  anyctx_poll(heap_);
  EXPECT_GT(use_all_memory_once(), all * 9 / 10);
}

TEST_F(NativeHeap, DestroyGivesTheMemoryBack) {
  anyctx_heap* const other = anyctx_heap_create(1, ANYCTX_HEAP_POPULATE);
  ASSERT_NE(other, nullptr);
  void* const page = anyctx_alloc_pages_nolock(other, 0);
  ASSERT_NE(page, nullptr);
  EXPECT_FALSE(anyctx_owns(heap_, page));
  EXPECT_EQ(msync(page, 4096, MS_ASYNC), 0);
  anyctx_heap_destroy(other);
  EXPECT_EQ(msync(page, 4096, MS_ASYNC), -1);
  EXPECT_EQ(errno, ENOMEM);
  anyctx_heap_destroy(nullptr);
}

TEST_F(NativeHeap, WhatCannotBeCreated) {
  errno = 0;
  EXPECT_EQ(anyctx_heap_create(kMiB, 4), nullptr);
  EXPECT_EQ(errno, EINVAL);
  for (const std::size_t bytes : {std::size_t{1} << 46, ~std::size_t{0}}) {
    errno = 0;
    EXPECT_EQ(anyctx_heap_create(bytes, 0), nullptr);
    EXPECT_EQ(errno, ENOMEM);
  }
}

TEST_F(NativeHeap, MisuseIsReported) {
  anyctx_heap* const checked = anyctx_heap_create(kMiB, ANYCTX_HEAP_CHECKED);
  auto* const object = static_cast<unsigned char*>(anyctx_alloc(checked, 40, 0));
  const auto freed_twice = [&] {
    anyctx_free(checked, object);
    anyctx_free(checked, object);
  };
  EXPECT_EQ(printed(freed_twice).find("anyctx: double-free at 0x"), 0u);
  anyctx_heap_destroy(checked);
}

TEST_F(NativeHeap, OneThreadTooManyIsTold) {
  ASSERT_TRUE(anyctx_thread_attach());
  ASSERT_TRUE(anyctx_thread_attach()) << "once more changes nothing";
  constexpr unsigned kOthers = ANYCTX_THREADS_MAX;  // with this thread, one too many
  for (int round = 0; round < 2; ++round) {
    std::atomic<unsigned> attached{0};
    std::latch all_tried{kOthers};
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < kOthers; ++i) {
      threads.emplace_back([&] {
        if (anyctx_thread_attach()) ++attached;
        all_tried.arrive_and_wait();
        anyctx_thread_detach();
      });
    }
    threads.clear();
    EXPECT_EQ(attached, kOthers - 1);
  }
}

}  // namespace
}  // namespace anyctx::test
