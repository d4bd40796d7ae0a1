// The arena on the native machine: the same code, with threads as CPUs.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "lib/bpf/arena.h"
#include "lib/bpf/map_op.h"
#include "lib/machine/native.h"

namespace anyctx::bpf {
namespace {

using machine::Native;
using Touch = page::Touch;

constexpr std::size_t kPages = 512;
constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kBase = 0x7f7d'2620'0000;
constexpr std::uint32_t kSlots = 64;

class ArenaTest : public ::testing::Test {
 protected:
  ArenaTest() {
    page::Config config;
    config.base = memory_.get();
    config.page_count = kPages;
    pages_.init(config, descriptors_);
    grace_.init();
    slabs_.init(pages_, grace_, {}, slab_storage_, words_);
    kernel_->init(12, areas_, leaves_);
    process_.init(pages_, ptes_);
    attr_.max_entries = kSlots;
    attr_.map_extra = kBase;
    EXPECT_EQ(Arena<Native>::create(env(), attr_, arena_), 0);
  }
  ~ArenaTest() override {
    process_.exit();
    EXPECT_TRUE(arena_ == nullptr || Arena<Native>::destroy(arena_));
    machine::raw::mark_used(memory_.get(), kPages * kPage);
  }

  ArenaEnv<Native> env() { return {&pages_, &slabs_, kernel_.get(), &payer_, lock_cpus_.get()}; }
  std::uint64_t alloc(std::uint32_t count, std::uint64_t at = 0, Sleeps sleeps = Sleeps::never) {
    return arena_->alloc_pages(at, count, page::kNoNode, 0, sleeps);
  }
  page::Page<Native>* kernel_page(std::uint64_t user) {
    return arena_->area().access(arena_->layout().kernel_of(user));
  }
  int map(std::uint64_t length = kSlots * kPage) {
    std::uint64_t address = 0;
    return process_.map(*arena_, {.address = kBase, .length = length}, address);
  }
  Touch touch(std::uint64_t address) {
    return process_.touch(address, true, [this](page::Page<Native>& page) { touched_ = &page; });
  }

  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  std::unique_ptr<std::byte, Free> memory_{
      static_cast<std::byte*>(std::aligned_alloc(kPages * kPage, kPages* kPage))};
  std::vector<page::Page<Native>> descriptors_{kPages};
  std::vector<slab::Slab<Native>> slab_storage_{kPages};
  std::vector<slab::DeferredWord<Native>> words_{slab::deferred_words(kPages, 12)};
  std::vector<page::KernelArea<Native>> areas_{1};
  std::vector<page::LeafGroup<Native>> leaves_{page::leaf_groups_per_area(12)};
  page::UserPte<Native> ptes_[kSlots];
  page::PageAllocator<Native> pages_;
  defer::Grace<Native> grace_;
  slab::SlabAllocator<Native> slabs_;
  page::MemCgroup<Native> payer_;
  std::unique_ptr<page::KernelSpace<Native>> kernel_ =
      std::make_unique<page::KernelSpace<Native>>();
  std::unique_ptr<sync::RqCpus<Native>> lock_cpus_ = std::make_unique<sync::RqCpus<Native>>();
  page::AddressSpace<Native> process_;
  ArenaAttr attr_;
  Arena<Native>* arena_ = nullptr;
  page::Page<Native>* touched_ = nullptr;
};

TEST_F(ArenaTest, FreedSlotsComeBackWhenTheWorkerWasThere) {
  EXPECT_EQ(alloc(kSlots), kBase);
  EXPECT_EQ(alloc(1), 0u);
  arena_->free_pages(kBase + 3 * kPage, 2, Sleeps::never);
  EXPECT_EQ(alloc(1), 0u);
  EXPECT_NE(kernel_page(kBase + 3 * kPage), nullptr);
  arena_->flush_deferred();
  EXPECT_EQ(kernel_page(kBase + 3 * kPage), nullptr);
  EXPECT_EQ(alloc(2), kBase + 3 * kPage);
  EXPECT_EQ(arena_->mem_usage(), kSlots * kPage);
}

TEST_F(ArenaTest, ReservedSlotsAreForUsersOnly) {
  EXPECT_EQ(map(), 0);
  EXPECT_EQ(arena_->reserve_pages(kBase, 4), 0);
  EXPECT_EQ(arena_->reserve_pages(kBase, 1), -EBUSY);
  EXPECT_EQ(arena_->reserve_pages(kBase + 1, 1), -EINVAL);
  EXPECT_EQ(arena_->reserve_pages(kBase, kSlots + 1), -EINVAL);
  EXPECT_EQ(alloc(1, kBase), 0u);
  EXPECT_EQ(touch(kBase + 17), Touch::done);
  EXPECT_EQ(touched_, kernel_page(kBase));
  arena_->free_pages(kBase, 4, Sleeps::may);
  EXPECT_EQ(alloc(4, kBase, Sleeps::may), kBase);
}

TEST_F(ArenaTest, UsersLoseAPageBeforeItIsFreed) {
  EXPECT_EQ(map(), 0);
  EXPECT_EQ(alloc(1), kBase);
  EXPECT_EQ(touch(kBase), Touch::done);
  EXPECT_EQ(touched_->refcount.peek(), 2);
  arena_->free_pages(kBase, 1, Sleeps::may);
  bool maps = false;
  process_.peek_ptes([&](std::uint64_t, page::Page<Native>*) { maps = true; });
  EXPECT_FALSE(maps);
  EXPECT_EQ(process_.unmap(kBase, kPage), -EINVAL);
}

TEST_F(ArenaTest, KernelCodeGetsTheScratchPage) {
  EXPECT_EQ(kernel_page(kBase), nullptr);
  EXPECT_TRUE(arena_->handle_kernel_fault(arena_->layout().kernel_of(kBase)));
  const page::Page<Native>* const scratch = kernel_page(kBase);
  EXPECT_NE(scratch, nullptr);
  EXPECT_EQ(arena_->mem_usage(), 0u);
  EXPECT_EQ(alloc(1, kBase), kBase);
  EXPECT_NE(kernel_page(kBase), scratch);
  EXPECT_FALSE(arena_->handle_kernel_fault(arena_->layout().kernel_end()));
}

TEST_F(ArenaTest, IsCreatedForGoodReasonsOnly) {
  const auto result = [&](auto change) {
    ArenaAttr attr = attr_;
    change(attr);
    Arena<Native>* created = nullptr;
    return Arena<Native>::create(env(), attr, created);
  };
  EXPECT_EQ(result([](ArenaAttr& attr) { attr.well_formed = false; }), -EINVAL);
  EXPECT_EQ(result([](ArenaAttr& attr) { attr.capable = false; }), -EPERM);
  EXPECT_EQ(result([](ArenaAttr& attr) { attr.jit_supports = false; }), -EOPNOTSUPP);
  EXPECT_EQ(result([](ArenaAttr& attr) { attr.key_size = 4; }), -EINVAL);
  EXPECT_EQ(result([](ArenaAttr& attr) { attr.max_entries = 0; }), -EINVAL);
  EXPECT_EQ(result([](ArenaAttr& attr) { attr.map_flags = 0; }), -EINVAL);
  EXPECT_EQ(result([](ArenaAttr& attr) { attr.map_flags |= map_flag::numa_node; }), -EINVAL);
  EXPECT_EQ(result([](ArenaAttr& attr) { attr.map_extra += 1; }), -EINVAL);
  EXPECT_EQ(result([](ArenaAttr& attr) { attr.max_entries = (1u << 20) + 1; }), -E2BIG);
  EXPECT_EQ(result([](ArenaAttr& attr) { attr.map_extra = 0xffff'f000; }), -ERANGE);
  // The only range of kernel addresses is taken.
  EXPECT_EQ(result([](ArenaAttr&) {}), -ENOMEM);
  EXPECT_EQ(arena_map_op(MapOp::lookup_elem), -EINVAL);
  EXPECT_EQ(arena_map_op(MapOp::peek_elem), -EOPNOTSUPP);
}

TEST_F(ArenaTest, AFirstMappingGivesItItsPlace) {
  ASSERT_TRUE(Arena<Native>::destroy(arena_));
  attr_.map_extra = 0;
  ASSERT_EQ(Arena<Native>::create(env(), attr_, arena_), 0);
  std::uint64_t address = 0;
  EXPECT_EQ(alloc(1), 0u);
  EXPECT_EQ(arena_->direct_value_address(0, address), -ERANGE);
  EXPECT_EQ(map(), 0);
  EXPECT_EQ(map(), -EBUSY);
  EXPECT_EQ(arena_->direct_value_address(kSlots * kPage - 1, address), 0);
  EXPECT_EQ(address, kBase);
  EXPECT_EQ(arena_->direct_value_address(kSlots * kPage, address), -ERANGE);
  EXPECT_FALSE(Arena<Native>::destroy(arena_));
}

TEST_F(ArenaTest, ItsMemoryIsPaidFor) {
  EXPECT_EQ(alloc(1), kBase);  // and a node in reserve
  const std::uint64_t before = payer_.peek_charged();
  EXPECT_EQ(alloc(5), kBase + kPage);
  EXPECT_EQ(payer_.peek_charged(), before + 5 * kPage);
  ASSERT_TRUE(Arena<Native>::destroy(arena_));
  EXPECT_EQ(payer_.peek_charged(), 0u);
  payer_.init({.max = kPage});  // not enough for an arena and its scratch page
  EXPECT_EQ(Arena<Native>::create(env(), attr_, arena_), -ENOMEM);
  EXPECT_EQ(payer_.peek_charged(), 0u);
  arena_ = nullptr;
}

TEST_F(ArenaTest, ThreadsShareIt) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      for (int round = 0; round < 500; ++round) {
        const std::uint64_t address = alloc(1 + static_cast<std::uint32_t>(round % 3));
        if (address == 0) continue;
        arena_->free_pages(address, 1 + static_cast<std::uint32_t>(round % 3),
                           round % 2 == 0 ? Sleeps::may : Sleeps::never);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  arena_->flush_deferred();
  EXPECT_EQ(arena_->mem_usage(), 0u);
  EXPECT_EQ(alloc(kSlots), kBase);
}

}  // namespace
}  // namespace anyctx::bpf
