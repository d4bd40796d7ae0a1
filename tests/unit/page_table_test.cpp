// Kernel areas on the scripted machine: tables, leaves, walks, failures, what CPUs remember.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "lib/page/kernel_space.h"
#include "tests/unit/scripted_machine.h"

namespace anyctx::test {
namespace {

using M = ScriptedMachine;
using page::site::table_leaf;
using page::site::table_middle;
using page::site::table_top;
using page::site::vm_area;
using PageType = page::Page<M>;
using Area = page::KernelArea<M>;

class KernelAreas : public ::testing::TestWithParam<unsigned> {
 protected:
  KernelAreas() : areas_(2), leaves_(2 * page::leaf_groups_per_area(GetParam())), descriptors_(64) {
    space.init(GetParam(), areas_, leaves_);
  }
  ~KernelAreas() override {
    EXPECT_TRUE(script().violations.empty());
    EXPECT_EQ(script().locks_held, 0);
    script() = {};
  }

  static Script& script() { return M::script; }
  static std::uint64_t size() { return std::uint64_t{1} << GetParam(); }
  PageType* descriptor(std::size_t i) { return &descriptors_[i]; }
  void start_over() { space.init(GetParam(), areas_, leaves_); }

  page::KernelSpace<M> space;

 private:
  std::vector<Area> areas_;
  std::vector<page::LeafGroup<M>> leaves_;
  std::vector<PageType> descriptors_;
};

TEST_P(KernelAreas, BeginBehindHalfOfTheGuard) {
  Area* const area = space.create_area();
  ASSERT_NE(area, nullptr);
  const std::uint64_t guard = GetParam() == 12 ? 0x10000 : 0x20000;
  EXPECT_EQ(page::area_guard(GetParam()), guard);
  EXPECT_EQ(area->start(), area->base() + guard / 2);
  EXPECT_EQ(area->end(), area->start() + (std::uint64_t{1} << 32) + guard / 2);
  EXPECT_EQ(area->next_present(area->start(), area->end()), area->end());
  space.destroy_area(*area);
}

TEST_P(KernelAreas, TablesMayBeMissing) {
  for (const machine::Site site : {vm_area, table_top, table_middle, table_leaf}) {
    script().fail = [site](machine::Site at) { return at == site; };
    EXPECT_EQ(space.create_area(), nullptr);
    EXPECT_TRUE(script().caused_by(site));
    script().fail = nullptr;
    script().causes.clear();
  }
  // Nothing was lost.
  Area* const one = space.create_area();
  Area* const two = space.create_area();
  ASSERT_NE(one, nullptr);
  ASSERT_NE(two, nullptr);
  EXPECT_NE(one->base(), two->base());
  EXPECT_EQ(space.create_area(), nullptr);
  EXPECT_TRUE(script().caused_by(vm_area));
  space.destroy_area(*one);
  EXPECT_EQ(space.create_area(), one);
}

TEST_P(KernelAreas, EachTableIsAPlaceToFail) {
  unsigned tables = 0;
  script().fail = [&](machine::Site at) {
    tables += at == table_top || at == table_middle || at == table_leaf;
    return false;
  };
  ASSERT_NE(space.create_area(), nullptr);
  const unsigned all = tables;
  EXPECT_GE(all, 3u);
  start_over();
  for (unsigned nth = 1; nth <= all; ++nth) {
    tables = 0;
    script().fail = [&](machine::Site at) {
      tables += at == table_top || at == table_middle || at == table_leaf;
      return tables == nth;
    };
    EXPECT_EQ(space.create_area(), nullptr) << nth;
  }
}

TEST_P(KernelAreas, LeavesAreSetOnce) {
  Area* const area = space.create_area();
  const std::uint64_t last = area->end() - size();
  EXPECT_TRUE(area->install(last, descriptor(1)));
  EXPECT_FALSE(area->install(last, descriptor(2)));
  EXPECT_EQ(area->load(last + size() - 1), descriptor(1));
  EXPECT_EQ(area->clear(last), descriptor(1));
  EXPECT_EQ(area->clear(last), nullptr);
  EXPECT_TRUE(area->install(last, descriptor(2)));
  space.destroy_area(*area);
  Area* const again = space.create_area();
  ASSERT_EQ(again, area);
  EXPECT_EQ(again->load(last), nullptr);
}

TEST_P(KernelAreas, CachesAreSynchronised) {
  Area* const area = space.create_area();
  const std::uint64_t at = area->start() + 7 * size();
  ASSERT_TRUE(area->install(at, descriptor(1)));
  ASSERT_TRUE(area->install(at + size(), descriptor(2)));
  EXPECT_TRUE(area->table().peek_unsynced(at));
  area->sync_cache(at, at + 1);
  EXPECT_FALSE(area->table().peek_unsynced(at));
  EXPECT_TRUE(area->table().peek_unsynced(at + size()));
  EXPECT_EQ(area->load(at), descriptor(1));
  EXPECT_EQ(area->clear(at + size()), descriptor(2));
  area->sync_cache(area->start(), area->end());
  EXPECT_EQ(area->load(at + size()), nullptr);
}

TEST_P(KernelAreas, WalksStopAtAnError) {
  Area* const area = space.create_area();
  const std::uint64_t at = area->start() + 100 * size();
  for (unsigned i = 0; i < 4; ++i) ASSERT_TRUE(area->install(at + 2 * i * size(), descriptor(i)));
  std::vector<std::uint64_t> seen;
  const auto note = [&](std::uint64_t where, PageType*) {
    seen.push_back((where - at) / size());
    return seen.size() == 3 ? -EBUSY : 0;
  };
  EXPECT_EQ(area->table().walk_present(at, at + 7 * size(), note), -EBUSY);
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{0, 2, 4}));
  seen.clear();
  EXPECT_EQ(area->table().walk(at, at + 7 * size(), note), -EBUSY);
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{0, 1, 2}));
  EXPECT_EQ(area->table().walk(at, at, note), -EINVAL);
  EXPECT_EQ(area->table().walk_present(at, at - size(), note), -EINVAL);
  EXPECT_EQ(area->table().walk_present(at, area->end() + 1, note), -EINVAL);
  EXPECT_EQ(area->table().walk(area->start() - 1, at, note), -EINVAL);
}

TEST_P(KernelAreas, AgreeWithAMap) {
  std::mt19937 rng(GetParam());
  for (unsigned round = 0; round < 20; ++round) {
    start_over();
    Area* const area = space.create_area();
    std::map<std::uint64_t, PageType*> mapped;
    const std::uint64_t pages = (area->end() - area->start()) / size();
    const auto random_page = [&] {
      // Near to each other, and near to borders of groups and words.
      const std::uint64_t near = rng() % 4 * 4096 + rng() % 3 * 64 + rng() % 4;
      return area->start() + (rng() % 4 == 0 ? rng() % pages : (pages - 1 - near) % pages) * size();
    };
    for (unsigned step = 0; step < 300; ++step) {
      const std::uint64_t at = random_page();
      PageType* const page = descriptor(rng() % 64);
      if (rng() % 2 == 0) {
        ASSERT_EQ(area->install(at, page), mapped.emplace(at, page).second);
      } else {
        const auto found = mapped.find(at);
        ASSERT_EQ(area->clear(at), found == mapped.end() ? nullptr : found->second);
        if (found != mapped.end()) mapped.erase(found);
      }
      const std::uint64_t from = random_page();
      const std::uint64_t to = random_page();
      const auto next = mapped.lower_bound(from);
      const bool is_none = from >= to || next == mapped.end() || next->first >= to;
      ASSERT_EQ(area->next_present(from, to), is_none ? to : next->first);
    }
    std::map<std::uint64_t, PageType*> seen;
    area->table().peek_each([&](std::uint64_t at, PageType* page, bool) { seen[at] = page; });
    ASSERT_EQ(seen, mapped);
  }
}

TEST_P(KernelAreas, CpusRememberUntilTheyAreFlushed) {
  Area* const area = space.create_area();
  const std::uint64_t at = area->start() + 3 * size();
  EXPECT_EQ(area->access(at), nullptr);
  ASSERT_TRUE(area->install(at, descriptor(1)));
  for (script().cpu = 0; script().cpu < 2; ++script().cpu) {
    EXPECT_EQ(area->access(at + 5), descriptor(1));
  }
  area->clear(at);
  script().cpu = 1;
  EXPECT_EQ(area->access(at), descriptor(1));
  // One CPU after the other.
  std::vector<unsigned> left;
  script().at_probe = [&](machine::Site site) {
    if (site != page::site::tlb_flush) return;
    unsigned count = 0;
    space.peek_tlb([&](unsigned, std::uint64_t, PageType*) { ++count; });
    left.push_back(count);
  };
  area->flush(at + 1, at + 2);
  EXPECT_EQ(left, (std::vector<unsigned>{2, 1}));
  EXPECT_EQ(area->access(at), nullptr);
  script().at_probe = nullptr;
}

TEST_P(KernelAreas, ANeighboursEntrySurvives) {
  Area* const area = space.create_area();
  const std::uint64_t at = area->start();
  for (unsigned i = 0; i < 3; ++i) {
    ASSERT_TRUE(area->install(at + i * size(), descriptor(i)));
    EXPECT_EQ(area->access(at + i * size()), descriptor(i));
    area->clear(at + i * size());
  }
  area->break_before_make(at + size());
  EXPECT_EQ(area->access(at), descriptor(0));
  EXPECT_EQ(area->access(at + size()), nullptr);
  EXPECT_EQ(area->access(at + 2 * size()), descriptor(2));
}

TEST_P(KernelAreas, FlushesAreForTasksWithInterruptsOn) {
  Area* const area = space.create_area();
  script().irqs_off = 1;
  area->flush(area->start(), area->end());
  script().irqs_off = 0;
  script().context = machine::Context::nmi;
  area->flush(area->start(), area->end());
  script().context = machine::Context::task;
  EXPECT_EQ(script().bugs, (std::vector{machine::Bug::bad_context, machine::Bug::bad_context}));
}

INSTANTIATE_TEST_SUITE_P(PageSizes, KernelAreas, ::testing::Values(12u, 16u));

}  // namespace
}  // namespace anyctx::test
