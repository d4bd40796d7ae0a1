// Processes on the scripted machine: mappings, faults, references of pages, and the end.
#include "lib/page/address_space.h"

#include <gtest/gtest.h>

#include "tests/unit/page_bed.h"

namespace anyctx::test {
namespace {

using M = ScriptedMachine;
using PageType = page::Page<M>;
using Space = page::AddressSpace<M>;
using Vma = page::Vma<M>;
using Result = page::FaultResult<M>;
using page::Touch;

/// Shows one page at each address, and does what a test says.
class OnePage : public page::MappingOwner<M> {
 public:
  std::int64_t get_unmapped_area(Space& mm, const page::MapRequest& request) override {
    return mm.find_hole(request.address, request.length, request.fixed);
  }
  int map(Vma& vma) override {
    vma.flags |= extra_flags;
    if (map_error == 0) ++mapped;
    return map_error;
  }
  void open(Vma&) override { ++mapped; }
  void close(Vma& vma) override {
    EXPECT_NE(vma.end, 0u);
    --mapped;
  }
  Result fault(Vma& vma, const page::FaultRequest& request) override {
    ++faults;
    last_pgoff = request.pgoff;
    if (at_fault) at_fault(vma, request);
    if (nopages > 0) {
      --nopages;
      return {Result::Kind::nopage, nullptr, 0};
    }
    if (kind == Result::Kind::page) pages->get_page(page);
    return {kind, kind == Result::Kind::page ? page : nullptr, 42};
  }
  bool may_install(Vma&, std::uint64_t, PageType& which, std::uint64_t cookie) override {
    EXPECT_EQ(&which, page);
    EXPECT_EQ(cookie, 42u);
    return refusals == 0 || refusals-- == 0;
  }

  page::PageAllocator<M>* pages = nullptr;
  PageType* page = nullptr;
  std::function<void(Vma&, const page::FaultRequest&)> at_fault;
  Result::Kind kind = Result::Kind::page;
  std::uint32_t extra_flags = 0;
  std::uint64_t last_pgoff = 0;
  int map_error = 0;
  int mapped = 0;
  unsigned faults = 0;
  unsigned nopages = 0;
  unsigned refusals = 0;
};

class AddressSpaces : public PageBed {
 protected:
  AddressSpaces() : ptes_(64), child_ptes_(64) {
    init(small());
    owner.pages = &pages;
    owner.page = pages.alloc_pages(page::gfp::kernel, 0, 0);
    mm.init(pages, ptes_);
  }
  ~AddressSpaces() override {
    if (mm.peek_users() != 0) mm.exit();
    EXPECT_EQ(owner.mapped, 0);
    EXPECT_EQ(references(), 1);
    pages.free_pages(owner.page, 0);
    expect_all_free();
  }

  int references() const { return owner.page->refcount.peek(); }
  std::uint64_t map(std::uint64_t length = 4 * kPage) {
    std::uint64_t address = 0;
    EXPECT_EQ(mm.map(owner, {.length = length}, address), 0);
    return address;
  }
  Touch touch(std::uint64_t at, bool write = false) {
    return mm.touch(at, write, [&](PageType& page) { seen = &page; });
  }
  unsigned ptes() const {
    unsigned count = 0;
    mm.peek_ptes([&](std::uint64_t, PageType*) { ++count; });
    return count;
  }
  void init_child(Space& child) { child.init(pages, child_ptes_); }

  static constexpr std::uint64_t kPage = 4096;
  OnePage owner;
  Space mm;
  PageType* seen = nullptr;

 private:
  std::vector<page::UserPte<M>> ptes_;
  std::vector<page::UserPte<M>> child_ptes_;
};

TEST_F(AddressSpaces, EachMappingHoldsAReference) {
  const std::uint64_t at = map();
  EXPECT_EQ(touch(at + kPage + 17), Touch::done);
  EXPECT_EQ(seen, owner.page);
  EXPECT_EQ(owner.last_pgoff, 1u);
  EXPECT_EQ(references(), 2);
  EXPECT_EQ(touch(at + kPage, true), Touch::done);
  EXPECT_EQ(owner.faults, 1u);
  EXPECT_EQ(touch(at), Touch::done);
  EXPECT_EQ(references(), 3);
  EXPECT_EQ(mm.unmap(at, 4 * kPage), 0);
  EXPECT_EQ(references(), 1);
  EXPECT_EQ(touch(at), Touch::sigsegv);
}

TEST_F(AddressSpaces, FaultsHaveFourResults) {
  const std::uint64_t at = map();
  owner.kind = Result::Kind::sigbus;
  EXPECT_EQ(touch(at), Touch::sigbus);
  owner.kind = Result::Kind::sigsegv;
  EXPECT_EQ(touch(at), Touch::sigsegv);
  owner.kind = Result::Kind::page;
  owner.nopages = 3;
  EXPECT_EQ(touch(at), Touch::done);
  EXPECT_EQ(owner.faults, 6u);
}

TEST_F(AddressSpaces, WhatIsOutOfDateIsNotMapped) {
  const std::uint64_t at = map();
  owner.refusals = 2;
  EXPECT_EQ(touch(at), Touch::done);
  EXPECT_EQ(owner.faults, 3u);
  EXPECT_EQ(references(), 2);
}

TEST_F(AddressSpaces, ASlowerFaultDropsItsReference) {
  const std::uint64_t at = map();
  bool nested = false;
  script().at_probe = [&](machine::Site site) {
    if (site != page::site::fault_done || nested) return;
    nested = true;
    EXPECT_EQ(touch(at), Touch::done);
  };
  EXPECT_EQ(touch(at), Touch::done);
  script().at_probe = nullptr;
  EXPECT_EQ(owner.faults, 2u);
  EXPECT_EQ(references(), 2);
  EXPECT_EQ(ptes(), 1u);
}

TEST_F(AddressSpaces, AMissingTableIsSigbus) {
  const std::uint64_t at = map();
  fail_always(page::site::pte);
  EXPECT_EQ(touch(at), Touch::sigbus);
  script().fail = nullptr;
  EXPECT_EQ(references(), 1);
}

TEST_F(AddressSpaces, ReadOnlyMappingsAreNotWritten) {
  std::uint64_t at = 0;
  ASSERT_EQ(mm.map(owner, {.length = kPage, .write = false}, at), 0);
  EXPECT_EQ(touch(at), Touch::done);
  EXPECT_EQ(touch(at, true), Touch::sigsegv);
}

TEST_F(AddressSpaces, ZapRemovesAPart) {
  const std::uint64_t at = map(40 * kPage);
  for (unsigned i = 0; i < 40; ++i) ASSERT_EQ(touch(at + i * kPage), Touch::done);
  int held_at_flush = 0;
  script().at_probe = [&](machine::Site site) {
    if (site == page::site::user_flush && held_at_flush == 0) held_at_flush = references();
  };
  mm.mmap_read_lock();
  mm.zap(*mm.find_vma(at), at - kPage, 36 * kPage);
  mm.mmap_read_unlock();
  EXPECT_EQ(held_at_flush, 41);
  script().at_probe = nullptr;
  EXPECT_EQ(ptes(), 5u);
  EXPECT_EQ(references(), 6);
}

TEST_F(AddressSpaces, ZapWantsTheLock) {
  const std::uint64_t at = map();
  mm.zap(*mm.find_vma(at), at, kPage);
  expect_bug(machine::Bug::bad_context);
}

TEST_F(AddressSpaces, MappingsAreWhole) {
  const std::uint64_t at = map();
  EXPECT_EQ(mm.unmap(at, kPage), -EINVAL);
  EXPECT_EQ(mm.unmap(at + kPage, 3 * kPage), -EINVAL);
  EXPECT_EQ(mm.unmap(at + 1, 4 * kPage), -EINVAL);
  EXPECT_EQ(mm.unmap(at, 0), -EINVAL);
  EXPECT_EQ(mm.remap(at, 4 * kPage, 8 * kPage), -EINVAL);
  EXPECT_EQ(owner.mapped, 1);
  EXPECT_EQ(mm.unmap(at - kPage, 6 * kPage), 0);
  EXPECT_EQ(mm.unmap(at, kPage), 0);
}

TEST_F(AddressSpaces, MapsWhereItCan) {
  std::uint64_t at = 0;
  EXPECT_EQ(mm.map(owner, {.length = 0}, at), -EINVAL);
  EXPECT_EQ(mm.map(owner, {.address = 1, .length = kPage, .fixed = true}, at), -EINVAL);
  EXPECT_EQ(mm.map(owner, {.length = ~std::uint64_t{0}}, at), -ENOMEM);
  EXPECT_EQ(mm.map(owner, {.address = 1ull << 60, .length = kPage, .fixed = true}, at), -ENOMEM);
  EXPECT_EQ(mm.map(owner, {.length = kPage, .shared = false}, at), -EINVAL);
  ASSERT_EQ(mm.map(owner, {.address = 1 << 20, .length = 1}, at), 0);
  EXPECT_EQ(at, 1u << 20);
  const std::uint64_t first = map();
  EXPECT_EQ(map(), first + 4 * kPage);
  // A fixed mapping takes the place of others, if they are whole.
  EXPECT_EQ(mm.map(owner, {.address = first, .length = kPage, .fixed = true}, at), -EINVAL);
  EXPECT_EQ(mm.map(owner, {.address = first, .length = 8 * kPage, .fixed = true}, at), 0);
  EXPECT_EQ(owner.mapped, 2);
}

TEST_F(AddressSpaces, FailuresLeaveNothing) {
  std::uint64_t at = 0;
  owner.map_error = -EBUSY;
  EXPECT_EQ(mm.map(owner, {.length = kPage}, at), -EBUSY);
  owner.map_error = 0;
  fail_always(page::site::vma);
  EXPECT_EQ(mm.map(owner, {.length = kPage}, at), -ENOMEM);
  script().fail = nullptr;
  mm.peek_vmas([](const Vma&) { ADD_FAILURE(); });
}

TEST_F(AddressSpaces, ForkCopiesWhatMayBeCopied) {
  owner.extra_flags = page::vma_flag::dont_copy;
  map();
  owner.extra_flags = 0;
  const std::uint64_t copied = map();
  ASSERT_EQ(touch(copied), Touch::done);
  Space child;
  init_child(child);
  EXPECT_EQ(mm.fork(child), 0);
  EXPECT_EQ(owner.mapped, 3);
  unsigned count = 0;
  child.peek_vmas([&](const Vma& vma) {
    ++count;
    EXPECT_EQ(vma.start, copied);
    EXPECT_EQ(vma.mm, &child);
  });
  EXPECT_EQ(count, 1u);
  EXPECT_EQ(references(), 2);
  child.exit();
  EXPECT_EQ(owner.mapped, 2);
}

TEST_F(AddressSpaces, TheLastUserRemovesAll) {
  const std::uint64_t at = map();
  ASSERT_EQ(touch(at), Touch::done);
  ASSERT_TRUE(mm.mmget_not_zero());
  mm.exit();
  EXPECT_EQ(owner.mapped, 1);
  mm.mmput();
  EXPECT_EQ(owner.mapped, 0);
  EXPECT_EQ(references(), 1);
  EXPECT_FALSE(mm.mmget_not_zero());
}

}  // namespace
}  // namespace anyctx::test
