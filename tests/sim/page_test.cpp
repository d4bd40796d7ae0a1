// The page allocator on the simulated machine: schedules, NMIs, probe programs and injected
// failures, with ownership, conservation and structure as oracles.
#include <gtest/gtest.h>

#include <array>
#include <bitset>

#include "inject/choice/draws.h"
#include "lib/page/census.h"
#include "tests/sim/machine.h"

namespace anyctx::inject {
namespace {

constexpr unsigned kPages = 128;
constexpr std::span<const machine::SiteInfo> kPageTables[] = {
    machine::kOperationTable, defer::site::kTable, page::site::kTable};

/// Lanes that each hold a few blocks; a block is claimed page by page when it is handed out.
class PageLanes {
 public:
  using M = Sim;
  using PageType = page::Page<M>;

  PageLanes() : machine_(kPages << 12) {
    machine_.config.sites = kPageTables;
    machine_.setup = [this] { set_up(); };
    machine_.check = [this] { check(); };
    machine_.lane(task(0), {alloc(0, 2), alloc(0, 0), release(0), nolock(0, 1), release_nolock(0),
                            alloc(0, 4), release(0), drain(), release(0)});
    machine_.lane(task(1), {nolock(1, 0), nolock(1, 2), release(1), alloc(1, 3), release_nolock(1),
                            release_nolock(1)});
    machine_.lane(nmi(0), {nolock(2, 0), nolock(2, 1), release_nolock(2)}, true);
    machine_.lane({LaneKind::reentry, 0}, {nolock(3, 2), release_nolock(3), nolock(3, 0)}, true);
    machine_.lane({LaneKind::irq, 0}, {nolock(4, 0), release_nolock(4)}, true);
  }

  TestMachine& machine() { return machine_; }

  /// Runs of this many seeds; the first verdict fails the test.
  void run(unsigned seeds, std::uint32_t rate) {
    for (unsigned seed = 0; seed < seeds; ++seed) {
      RandomDraws draws(seed);
      ASSERT_TRUE(machine_.run({}, &draws, rate))
          << "seed " << seed << ": " << machine_.simulation().verdict()->rule << ", expected "
          << machine_.simulation().verdict()->expected << ", found "
          << machine_.simulation().verdict()->found;
    }
  }

 private:
  struct Block {
    PageType* page = nullptr;
    unsigned order = 0;
  };
  static constexpr unsigned kHolders = 5;
  static constexpr unsigned kSlots = 16;

  void set_up() {
    page::Config config;
    config.base = machine_.simulation().memory().base();
    config.page_count = kPages;
    config.pageblock_order = 3;
    config.min_watermark = 4;
    config.pcp_batch = 2;
    config.pcp_high = 6;
    pages_.init(config, descriptors_);
    owned_.reset();
    for (auto& held : held_) held = {};
  }

  void check() {
    for (unsigned holder = 0; holder < kHolders; ++holder) {
      while (release_one(holder, page::Spin::allowed) != 0) {
      }
    }
    pages_.drain_parked();
    pages_.drain_all_pcp();
    const std::string_view wrong = page::audit(pages_);
    if (!wrong.empty()) stop("the structure is sound", "sound", std::string(wrong));
    const std::int64_t buddy = page::take_census(pages_).buddy;
    if (buddy != kPages) stop("no page is lost", "128", std::to_string(buddy));
  }
  [[noreturn]] static void stop(const char* rule, const char* expected, std::string found) {
    Simulation::current().stop(VerdictKind::overlap, rule, expected, std::move(found));
  }

  std::uint64_t keep(unsigned holder, PageType* page, unsigned order) {
    if (page == nullptr) return 0;
    for (unsigned i = 0; i < 1u << order; ++i) {
      const std::size_t pfn = pages_.pfn(page) + i;
      if (owned_[pfn]) stop("a page has one owner", "free", "handed out twice");
      owned_[pfn] = true;
    }
    for (Block& slot : held_[holder]) {
      if (slot.page != nullptr) continue;
      slot = {page, order};
      return pages_.pfn(page) + 1;
    }
    release_block({page, order}, page::Spin::never);
    return kPages + 1;
  }
  void release_block(Block block, page::Spin spin) {
    for (unsigned i = 0; i < 1u << block.order; ++i) owned_[pages_.pfn(block.page) + i] = false;
    if (spin == page::Spin::never) {
      pages_.free_pages_nolock(block.page, block.order);
    } else {
      pages_.free_pages(block.page, block.order);
    }
  }
  std::uint64_t release_one(unsigned holder, page::Spin spin) {
    for (Block& slot : held_[holder]) {
      if (slot.page == nullptr) continue;
      const Block block = std::exchange(slot, {});
      release_block(block, spin);
      return 1;
    }
    return 0;
  }

  TestMachine::Op alloc(unsigned holder, unsigned order) {
    return [=, this] {
      return keep(holder, pages_.alloc_pages(page::gfp::kernel, page::kNoNode, order), order);
    };
  }
  TestMachine::Op nolock(unsigned holder, unsigned order) {
    return [=, this] {
      return keep(holder, pages_.alloc_pages_nolock(page::Gfp::none, page::kNoNode, order), order);
    };
  }
  TestMachine::Op release(unsigned holder) {
    return [=, this] { return release_one(holder, page::Spin::allowed); };
  }
  TestMachine::Op release_nolock(unsigned holder) {
    return [=, this] { return release_one(holder, page::Spin::never); };
  }
  TestMachine::Op drain() {
    return [this] { return pages_.drain_parked() * 0; };
  }

  TestMachine machine_;
  page::PageAllocator<M> pages_;
  std::vector<PageType> descriptors_ = std::vector<PageType>(kPages);
  std::bitset<kPages> owned_;
  std::array<std::array<Block, kSlots>, kHolders> held_;
};

class Page : public ::testing::Test {
 protected:
  PageLanes lanes_;
};

TEST_F(Page, TwoCpus) {
  lanes_.machine().config.cpus = 2;
  lanes_.run(3'000, 8);
  lanes_.run(1'000, 2);
}

TEST_F(Page, Up) {
  lanes_.machine().config.smp = false;
  lanes_.run(3'000, 4);
}

TEST_F(Page, Rt) {
  lanes_.machine().config.cpus = 2;
  lanes_.machine().config.rt = true;
  lanes_.run(3'000, 4);
}

TEST_F(Page, EachSeedHasOneTrace) {
  lanes_.machine().config.cpus = 2;
  for (unsigned seed = 0; seed < 100; ++seed) {
    RandomDraws first(seed);
    ASSERT_TRUE(lanes_.machine().run({}, &first, 8));
    const std::uint64_t digest = lanes_.machine().digest();
    RandomDraws second(seed);
    ASSERT_TRUE(lanes_.machine().run({}, &second, 8));
    ASSERT_EQ(lanes_.machine().digest(), digest);
  }
}

}  // namespace
}  // namespace anyctx::inject
