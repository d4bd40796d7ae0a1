// Nolock operations that run inside the sections of other operations on the same CPU, as NMIs and
// probe programs do: at each named place, on SMP, UP and RT.
#include "tests/unit/page_bed.h"

namespace anyctx::test {
namespace {

using machine::Context;
using machine::Site;
namespace gfp = page::gfp;
namespace site = page::site;

enum class Personality { smp, up, rt };

class PageNesting : public PageBed, public ::testing::WithParamInterface<Personality> {
 protected:
  void SetUp() override {
    page::Config config = small();
    config.pageblock_order = 3;
    config.pcp_batch = 2;
    config.pcp_high = 8;
    init(config);
    script().smp = GetParam() != Personality::up;
    script().rt = GetParam() == Personality::rt;
    for (unsigned order = 0; order <= 3; ++order) victims_.push_back(alloc(order));
    script().at_probe = [this](Site at) { nest(at); };
  }
  void TearDown() override {
    script().at_probe = {};
    for (unsigned order = 0; order <= 3; ++order) pages.free_pages(victims_[order], order);
    for (PageType* page : kept_) pages.free_pages(page, 0);
    expect_all_free();
  }

  /// One of each nolock operation, keeping what it allocated now and then.
  void nest(Site at) {
    if (nested_ || kept_.size() >= 64) return;
    if (at == site::reclaim) return;
    nested_ = true;
    ++visits_[at.id];
    const bool nolock = std::exchange(script().nolock, true);
    const Context context = std::exchange(script().context, context_);
    for (unsigned order = 0; order <= 3; ++order) {
      pages.free_pages_nolock(victims_[order], order);
      victims_[order] = nullptr;
      PageType* page = pages.alloc_pages_nolock(page::Gfp::none, page::kNoNode, order);
      if (page != nullptr && order == 0 && visits_[at.id] % 4 == 1) {
        kept_.push_back(page);
        page = pages.alloc_pages_nolock(page::Gfp::none, page::kNoNode, order);
      }
      if (page == nullptr) ++refused_;
      victims_[order] = page;
    }
    script().context = context;
    script().nolock = nolock;
    for (unsigned order = 0; order <= 3; ++order) {
      if (victims_[order] == nullptr) missing_ = true;
    }
    nested_ = false;
    if (missing_) script().at_probe = {};
  }
  /// Gives nested operations new blocks to free.
  void restock() {
    script().at_probe = {};
    for (unsigned order = 0; order <= 3; ++order) {
      if (victims_[order] == nullptr) victims_[order] = alloc(order);
      ASSERT_NE(victims_[order], nullptr);
    }
    missing_ = false;
    script().at_probe = [this](Site at) { nest(at); };
  }
  void expect_sane() { EXPECT_EQ(page::audit(pages), ""); }

  void work() {
    for (int round = 0; round < 40; ++round) {
      const auto order = static_cast<unsigned>(round % 6);
      const page::Gfp type = round % 3 == 0 ? gfp::movable : page::Gfp::none;
      PageType* page = alloc(order, gfp::kernel | type);
      expect_sane();
      restock();
      PageType* small = alloc_nolock(order % 4);
      expect_sane();
      restock();
      if (page != nullptr) pages.free_pages(page, order);
      expect_sane();
      restock();
      free_nolock(small, order % 4);
      expect_sane();
      restock();
      if (round % 8 == 7) {
        pages.drain_parked();
        pages.drain_all_pcp();
        expect_sane();
        restock();
      }
    }
  }

  Context context_ = Context::task;  // of the nested operations
  unsigned visits_[256] = {};
  unsigned refused_ = 0;

 private:
  bool nested_ = false;
  bool missing_ = false;
  std::vector<PageType*> victims_;
  std::vector<PageType*> kept_;
};

TEST_P(PageNesting, ProbeProgramsFindTheLocksTaken) {
  work();
  for (const Site at : {site::zone_section, site::zone_expand, site::zone_claim, site::zone_merge,
                        site::pcp_section, site::free_prepared, site::parked_drain}) {
    EXPECT_GT(visits_[at.id], 0u) << unsigned{at.id};
  }
}

TEST_P(PageNesting, NmisAreSafe) {
  context_ = Context::nmi;
  work();
  EXPECT_GT(visits_[site::zone_section.id], 0u);
  EXPECT_GT(refused_, 0u);
}

std::string name_of(const ::testing::TestParamInfo<Personality>& machine) {
  switch (machine.param) {
    case Personality::smp:
      return "smp";
    case Personality::up:
      return "up";
    case Personality::rt:
      return "rt";
  }
  return "unknown";
}

INSTANTIATE_TEST_SUITE_P(Machines, PageNesting,
                         ::testing::Values(Personality::smp, Personality::up, Personality::rt),
                         name_of);

}  // namespace
}  // namespace anyctx::test
