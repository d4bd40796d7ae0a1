// Kernel areas and processes on the simulated machine, under random schedules and failures.
//
// The pages here belong to one that maps a page at a slot, shows it to processes, and takes it
// away again in the order that a BPF arena must keep: leaf, flush, user mappings, reference.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>

#include "lib/page/address_space.h"
#include "lib/page/kernel_space.h"
#include "lib/sync/sites.h"
#include "tests/sim/machine.h"

namespace anyctx::inject {
namespace {

using Page = page::Page<Sim>;
using Space = page::AddressSpace<Sim>;
using Vma = page::Vma<Sim>;
using Result = page::FaultResult<Sim>;

constexpr std::uint64_t kPage = 4096;
constexpr machine::Site kOwnerLock{249};
constexpr machine::Site kList{250};
constexpr machine::SiteInfo kOwnerTable[] = {
    {kOwnerLock, machine::SiteKind::raw_lock, "test.owner_lock",
     machine::verbs(machine::Verb::trylock, machine::Verb::lock, machine::Verb::unlock),
     "slots of an owner"},
    {kList, machine::SiteKind::mutex, "test.removals",
     machine::verbs(machine::Verb::lock, machine::Verb::unlock), "removals"},
};
constexpr std::span<const machine::SiteInfo> kTables[] = {
    machine::kOperationTable, test_site::kTable,        defer::site::kTable,
    page::site::kTable,       page::site::kMemoryTable, kOwnerTable};

/// What the order of a removal may lack.
enum class Crime : std::uint8_t { none, no_flush, no_zap, no_check, put_before_flush };

struct Owner : page::MappingOwner<Sim> {
  static constexpr unsigned kSlots = 3;

  std::int64_t get_unmapped_area(Space& mm, const page::MapRequest& request) override {
    return mm.find_hole(request.address, request.length, request.fixed);
  }
  int map(Vma& vma) override {
    vma.flags |= page::vma_flag::dont_copy;
    return 0;
  }
  void open(Vma&) override {}
  void close(Vma&) override {}

  Result fault(Vma&, const page::FaultRequest& request) override {
    const std::uint64_t at = area->start() + request.pgoff * kPage;
    const machine::IrqState irqs = lock.lock_irqsave();
    Page* page = area->load(at);
    if (page == nullptr) page = map_new(at);
    if (page != nullptr) pages->get_page(page);
    const std::uint64_t seen = removals;
    lock.unlock_irqrestore(irqs);
    if (page == nullptr) return {Result::Kind::sigsegv, nullptr, 0};
    return {Result::Kind::page, page, seen};
  }
  bool may_install(Vma&, std::uint64_t, Page&, std::uint64_t cookie) override {
    return crime == Crime::no_check || cookie == removals;
  }

  /// Lock.
  Page* map_new(std::uint64_t at) {
    Page* const page = pages->alloc_pages_nolock(page::Gfp::none, 0, 0);
    if (page == nullptr) return nullptr;
    if (!area->install(at, page)) return nullptr;
    area->sync_cache(at, at + kPage);
    return page;
  }

  void free_slot(unsigned slot, Space& mm, std::uint64_t user) {
    const std::uint64_t at = area->start() + slot * kPage;
    removing.lock();
    const machine::IrqState irqs = lock.lock_irqsave();
    Page* const page = area->clear(at);
    if (page != nullptr) ++removals;
    lock.unlock_irqrestore(irqs);
    if (page != nullptr) {
      if (crime == Crime::put_before_flush) pages->free_pages(page, 0);
      if (crime != Crime::no_flush) area->flush(at, at + kPage);
      if (crime != Crime::no_zap) {
        mm.mmap_read_lock();
        if (Vma* const vma = mm.find_vma(user)) mm.zap(*vma, user, kPage);
        mm.mmap_read_unlock();
      }
      if (crime != Crime::put_before_flush) pages->free_pages(page, 0);
    }
    removing.unlock();
  }

  Crime crime = Crime::none;
  page::PageAllocator<Sim>* pages = nullptr;
  page::KernelArea<Sim>* area = nullptr;
  sync::RawSpinLock<Sim, kOwnerLock> lock;
  sync::Mutex<Sim, kList> removing;
  std::uint64_t removals = 0;
};

class MemoryBed {
 public:
  explicit MemoryBed(Crime crime = Crime::none)
      : machine(kPages * kPage),
        memory_(static_cast<std::byte*>(std::aligned_alloc(kPages * kPage, kPages * kPage))),
        descriptors_(kPages),
        areas_(1),
        leaves_(page::leaf_groups_per_area(12)) {
    machine.config.sites = kTables;
    machine.config.cpus = 3;
    machine.setup = [this, crime] { set_up(crime); };
    machine.check = [this] { check_at_rest(); };
  }

  std::uint64_t touch(unsigned slot) {
    const std::uint64_t at = user + slot * kPage;
    return static_cast<std::uint64_t>(mm.touch(at, true, [&](Page& page) { expect_live(page); }));
  }
  std::uint64_t read_by_kernel(unsigned slot) {
    Page* const page = owner.area->access(owner.area->start() + slot * kPage);
    if (page != nullptr) expect_live(*page);
    return page != nullptr;
  }
  std::uint64_t free_slot(unsigned slot) {
    owner.free_slot(slot, mm, user + slot * kPage);
    return 0;
  }
  void expect_live(const Page& page) {
    if (page.kind == page::PageKind::live && page.refcount.peek() > 0) return;
    machine.simulation().stop(VerdictKind::stale_translation, "who sees a page keeps it", "live",
                              "free");
  }

  TestMachine machine;
  Owner owner;
  Space mm;
  std::uint64_t user = 0;
  unsigned mappings = 0;

 private:
  static constexpr std::size_t kPages = 64;

  struct Free {
    void operator()(std::byte* p) const {
      machine::raw::mark_used(p, kPages * kPage);
      std::free(p);
    }
  };

  void set_up(Crime crime) {
    machine::raw::mark_used(memory_.get(), kPages * kPage);
    page::Config config;
    config.base = memory_.get();
    config.page_count = kPages;
    config.pageblock_order = 3;
    config.min_watermark = 4;
    pages_.init(config, descriptors_);
    space_.init(12, areas_, leaves_);
    owner.crime = crime;
    owner.pages = &pages_;
    owner.lock = {};
    owner.removing = {};
    owner.removals = 0;
    owner.area = space_.create_area();
    mm.init(pages_, ptes_);
    if (mm.map(owner, {.length = Owner::kSlots * kPage}, user) != 0) user = 0;
  }

  void check_at_rest() {
    mm.peek_ptes([&](std::uint64_t address, Page* page) {
      if (owner.area->table().peek_load(owner.area->start() + (address - user)) == page) return;
      machine.simulation().stop(VerdictKind::stale_translation,
                                "a process maps what the kernel maps", "the same page", "another");
    });
    mm.exit();
    for (unsigned slot = 0; slot < Owner::kSlots; ++slot) {
      const std::uint64_t at = owner.area->start() + slot * kPage;
      Page* const page = owner.area->clear(at);
      if (page == nullptr) continue;
      if (page->refcount.peek() != 1) {
        machine.simulation().stop(VerdictKind::refcount, "each mapping holds one reference", "1",
                                  "another number");
      }
      pages_.free_pages(page, 0);
      ++mappings;
    }
    space_.destroy_area(*owner.area);
  }

  std::unique_ptr<std::byte, Free> memory_;
  std::vector<Page> descriptors_;
  page::PageAllocator<Sim> pages_;
  std::vector<page::KernelArea<Sim>> areas_;
  std::vector<page::LeafGroup<Sim>> leaves_;
  page::KernelSpace<Sim> space_;
  page::UserPte<Sim> ptes_[8];
};

void add_lanes(MemoryBed& bed) {
  const auto touch = [&](unsigned slot) { return [&bed, slot] { return bed.touch(slot); }; };
  const auto read = [&](unsigned slot) {
    return [&bed, slot] { return bed.read_by_kernel(slot); };
  };
  const auto free = [&](unsigned slot) { return [&bed, slot] { return bed.free_slot(slot); }; };
  bed.machine.lane(task(0), {touch(0), free(0), touch(0), touch(1), free(1)});
  bed.machine.lane(task(1), {touch(0), read(0), touch(1), free(0), read(1), touch(0)});
  bed.machine.lane(task(2), {read(0), touch(1), read(1), free(1), read(0), touch(2)});
  bed.machine.lane(nmi(0), {read(0)});
}

/// The seed of a run that ends with a verdict; none: the number of runs.
unsigned first_caught(Crime crime, unsigned runs, VerdictKind* kind = nullptr) {
  MemoryBed bed(crime);
  add_lanes(bed);
  for (unsigned seed = 0; seed < runs; ++seed) {
    RandomDraws draws(seed);
    if (bed.machine.run({}, &draws, 2 + seed % 10)) continue;
    if (kind != nullptr) *kind = bed.machine.simulation().verdict()->kind;
    if (crime == Crime::none) ADD_FAILURE() << bed.machine.simulation().verdict()->rule;
    return seed;
  }
  EXPECT_GT(bed.mappings, runs / 2);
  return runs;
}

TEST(SimulatedMemory, TheRightOrderIsSafe) {
  EXPECT_EQ(first_caught(Crime::none, 10'000), 10'000u);
}

TEST(SimulatedMemory, AMissingFlushIsSeen) {
  VerdictKind kind{};
  EXPECT_LT(first_caught(Crime::no_flush, 2000, &kind), 2000u);
  EXPECT_EQ(kind, VerdictKind::stale_translation);
}

TEST(SimulatedMemory, APageFreedBeforeTheFlushIsSeen) {
  VerdictKind kind{};
  EXPECT_LT(first_caught(Crime::put_before_flush, 10'000, &kind), 10'000u);
  EXPECT_EQ(kind, VerdictKind::stale_translation);
}

TEST(SimulatedMemory, AMissingZapIsSeen) {
  VerdictKind kind{};
  EXPECT_LT(first_caught(Crime::no_zap, 2000, &kind), 2000u);
  EXPECT_EQ(kind, VerdictKind::stale_translation);
}

TEST(SimulatedMemory, AFaultThatOverlapsARemovalIsSeen) {
  VerdictKind kind{};
  EXPECT_LT(first_caught(Crime::no_check, 20'000, &kind), 20'000u);
  EXPECT_EQ(kind, VerdictKind::stale_translation);
}

TEST(SimulatedMemory, RunsRepeat) {
  MemoryBed bed;
  add_lanes(bed);
  const auto digest = [&](unsigned seed) {
    RandomDraws draws(seed);
    EXPECT_TRUE(bed.machine.run({}, &draws, 4));
    return bed.machine.digest();
  };
  const std::uint64_t first = digest(7);
  EXPECT_NE(digest(8), first);
  EXPECT_EQ(digest(7), first);
}

TEST(SimulatedMemory, MapsAndExitsRace) {
  MemoryBed bed;
  bool pinned = false;
  std::uint64_t second = 0;
  bed.machine.lane(task(0),
                   {[&] { return bed.touch(0); },
                    [&] { return static_cast<std::uint64_t>(bed.mm.unmap(bed.user, 3 * kPage)); },
                    [&] { return bed.touch(1); }});
  bed.machine.lane(task(1), {[&] { return bed.free_slot(0); }, [&] { return bed.free_slot(0); },
                             [&]() -> std::uint64_t {
                               pinned = bed.mm.mmget_not_zero();
                               if (pinned) bed.mm.mmput();
                               return pinned;
                             }});
  bed.machine.lane(task(2), {[&]() -> std::uint64_t {
                     return static_cast<std::uint64_t>(
                         bed.mm.map(bed.owner, {.length = Owner::kSlots * kPage}, second));
                   }});
  for (unsigned seed = 0; seed < 5000; ++seed) {
    RandomDraws draws(seed);
    ASSERT_TRUE(bed.machine.run({}, &draws, 2 + seed % 10))
        << seed << ": " << bed.machine.simulation().verdict()->rule << " "
        << bed.machine.simulation().verdict()->found;
  }
}

}  // namespace
}  // namespace anyctx::inject
