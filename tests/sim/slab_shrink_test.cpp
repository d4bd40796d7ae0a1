// Shrinking on the simulated machine: every CPU gives up what it has cached, on that CPU, whatever
// it is doing.
#include <gtest/gtest.h>

#include "inject/choice/draws.h"
#include "lib/page/census.h"
#include "lib/slab/audit.h"
#include "tests/sim/machine.h"

namespace anyctx::inject {
namespace {

constexpr unsigned kPages = 64;
constexpr std::span<const machine::SiteInfo> kTables[] = {
    machine::kOperationTable, defer::site::kTable, defer::site::kWorkTable,
    defer::site::kGraceTable, page::site::kTable,  slab::site::kTable};

/// Some tasks, each on its own CPU, and one cache.
class SlabShrink : public ::testing::TestWithParam<bool> {
 protected:
  using M = Sim;

  SlabShrink() : machine_(kPages << 12) {
    machine_.config.sites = kTables;
    machine_.config.cpus = 2;
    machine_.config.rt = GetParam();
    machine_.setup = [this] {
      page::Config config;
      config.base = machine_.simulation().memory().base();
      config.page_count = kPages;
      config.pageblock_order = 3;
      pages_.init(config, page_storage_);
      grace_.init();
      slabs_.init(pages_, grace_, {}, slab_storage_, word_storage_);
    };
    machine_.check = [this] {
      slabs_.deferred_work_barrier();
      if (const auto wrong = slab::audit(slabs_); !wrong.empty()) stop("sound", wrong);
    };
  }

  [[noreturn]] static void stop(const char* expected, std::string_view found) {
    Simulation::current().stop(VerdictKind::structure, "the shrink test", expected,
                               std::string(found));
  }
  std::uint64_t use() {
    slabs_.kfree(slabs_.kmalloc(64, page::gfp::atomic));
    return 0;
  }
  std::uint64_t shrink() {
    auto& cache = const_cast<slab::Cache<M>&>(slabs_.bucket_cache(slab::bucket_of(64)));
    return slabs_.kmem_cache_shrink(&cache) ? 1 : 0;
  }

  TestMachine machine_;
  page::PageAllocator<M> pages_;
  defer::Grace<M> grace_;
  slab::SlabAllocator<M> slabs_;
  std::vector<page::Page<M>> page_storage_{kPages};
  std::vector<slab::Slab<M>> slab_storage_{kPages};
  std::vector<slab::DeferredWord<M>> word_storage_{slab::deferred_words(kPages, 12)};
};

TEST_P(SlabShrink, ReachesTheOtherCpu) {
  std::uint64_t empty = 0;
  machine_.lane(task(0), {[this] { return use(); }});
  machine_.lane(task(1), {[this] { return use(); }, [&] { return empty = shrink(); }});
  ASSERT_TRUE(machine_.run());
  EXPECT_EQ(empty, 1u);
}

TEST_P(SlabShrink, ReachesAllCpusWhenNoTaskRuns) {
  std::uint64_t empty = 0;
  machine_.lane(task(0), {[this] { return use(); }});
  machine_.lane(task(1), {[this] { return use(); }});
  const auto check = machine_.check;
  machine_.check = [&] {
    empty = shrink();
    check();
  };
  ASSERT_TRUE(machine_.run());
  EXPECT_EQ(empty, 1u);
}

TEST_P(SlabShrink, HoldsWhateverHappensMeanwhile) {
  const auto use_and_shrink = [this] { return use() + shrink(); };
  for (const std::uint8_t i : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{2}}) {
    machine_.lane(task(i), {[this] { return use(); }, use_and_shrink, [this] { return use(); }});
  }
  machine_.lane(nmi(0), {[this] {
                  slabs_.kfree_nolock(slabs_.kmalloc_nolock(64, page::Gfp::none));
                  return 0;
                }},
                true);
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    RandomDraws draws(seed);
    ASSERT_TRUE(machine_.run({}, &draws, 4u << seed % 5 * 2))
        << "seed " << seed << ": " << machine_.simulation().verdict()->rule << ", found "
        << machine_.simulation().verdict()->found;
  }
}

INSTANTIATE_TEST_SUITE_P(NonRtAndRt, SlabShrink, ::testing::Bool());

}  // namespace
}  // namespace anyctx::inject
