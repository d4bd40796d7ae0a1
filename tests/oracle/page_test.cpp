// Each oracle of the page target fires: allocators that misbehave in one way, and the verdict.
#include <gmock/gmock.h>

#include "lib/page/sites.h"
#include "tests/oracle/page_proxy.h"

namespace anyctx::target {
namespace {

using inject::Sim;
using inject::VerdictKind;
using ::testing::HasSubstr;

/// The program must end in this verdict, for the reason that the rule states.
template <class S>
void expect_verdict(VerdictKind kind, const std::string& rule, const std::string& lanes,
                    const std::string& parameters = "") {
  const auto verdict = verdict_with<S>(parameters, lanes);
  ASSERT_TRUE(verdict.has_value()) << "nobody noticed";
  EXPECT_EQ(to_string(verdict->kind), to_string(kind));
  EXPECT_THAT(verdict->rule, HasSubstr(rule));
  EXPECT_NE(verdict->expected, verdict->found);
}

using Proxy = PageSubjectProxy<>;

TEST(PageOracle, ProxyThatChangesNothingIsFine) {
  const auto verdict = verdict_with<Proxy>("",
                                           "task0: a = alloc_pages_nolock(1)\n"
                                           "free_pages_nolock(a)\n");
  EXPECT_FALSE(verdict.has_value()) << verdict->rule;
}

// --- Ownership and conservation.

struct HandsOutTwice : Proxy {
  using Proxy::Proxy;
  Pfn alloc_pages_nolock(page::Gfp gfp, int nid, unsigned order) override {
    if (last_ == kNoPage) last_ = Proxy::alloc_pages_nolock(gfp, nid, order);
    return last_;
  }
  Pfn last_ = kNoPage;
};
TEST(PageOracle, Overlap) {
  expect_verdict<HandsOutTwice>(VerdictKind::overlap, "are not in use",
                                "task0: a = alloc_pages_nolock(0)\nb = alloc_pages_nolock(0)\n");
}

struct HandsOutNothing : Proxy {
  using Proxy::Proxy;
  Pfn alloc_pages_nolock(page::Gfp, int, unsigned) override { return 256; }
};
TEST(PageOracle, PagesOutsideOfMemory) {
  expect_verdict<HandsOutNothing>(VerdictKind::overlap, "exist",
                                  "task0: a = alloc_pages_nolock(0)");
}

struct LosesAPage : Proxy {
  using Proxy::Proxy;
  void free_pages_nolock(Pfn page, unsigned order) override {
    Proxy::alloc_pages_nolock(page::Gfp::none, -1, 0);
    Proxy::free_pages_nolock(page, order);
  }
};
TEST(PageOracle, Conservation) {
  expect_verdict<LosesAPage>(VerdictKind::conservation, "every page is in use or free",
                             "task0: a = alloc_pages_nolock(0)\nfree_pages_nolock(a)\n");
}

/// A page that was lost while others were at work is missed at rest.
TEST(PageOracle, ConservationAtRest) {
  expect_verdict<LosesAPage>(VerdictKind::conservation, "in use or on a list",
                             "task0: a = alloc_pages_nolock(0)\nfree_pages_nolock(a)\n"
                             "nmi0: a = alloc_pages_nolock(0)\n"
                             "at task0.1 page.free_prepared#1: nmi0\n");
}

struct ForgetsHeldBackMemory : Proxy {
  using Proxy::Proxy;
  void finish_deferred_init() override {}
};
TEST(PageOracle, MemoryHeldBackForEver) {
  expect_verdict<ForgetsHeldBackMemory>(VerdictKind::conservation, "held back only until",
                                        "task0: drain_parked()\n", "deferred_init=yes");
}

struct WritesToOthers : Proxy {
  using Proxy::Proxy;
  Pfn alloc_pages_nolock(page::Gfp gfp, int nid, unsigned order) override {
    if (last_ != kNoPage) inspector().address(last_)[4095] = std::byte{0};
    return last_ = Proxy::alloc_pages_nolock(gfp, nid, order);
  }
  Pfn last_ = kNoPage;
};
TEST(PageOracle, Content) {
  expect_verdict<WritesToOthers>(VerdictKind::content, "nobody but its user",
                                 "task0: a = alloc_pages_nolock(0)\nb = alloc_pages_nolock(0)\n"
                                 "touch(a)\n");
}

struct FreesQuietly : Proxy {
  using Proxy::Proxy;
  void free_pages_nolock(Pfn page, unsigned order) override {
    if (page != last_) Proxy::free_pages_nolock(page, order);
    last_ = page;
  }
  Pfn last_ = kNoPage;
};
TEST(PageOracle, DoubleFreeThatIsNotReported) {
  expect_verdict<FreesQuietly>(VerdictKind::double_free, "is reported",
                               "task0: a = alloc_pages_nolock(0)\ndouble_free(a)\n");
}

struct FreesTwice : Proxy {
  using Proxy::Proxy;
  void free_pages(Pfn page, unsigned order) override {
    Proxy::free_pages(page, order);
    Proxy::free_pages(page, order);
  }
};
TEST(PageOracle, DoubleFreeThatIsReported) {
  expect_verdict<FreesTwice>(VerdictKind::double_free, "reports",
                             "task0: a = alloc_pages_nolock(0)\nfree_pages(a)\n");
}

// --- What a block is.

struct LeavesDirt : Proxy {
  using Proxy::Proxy;
  Pfn alloc_pages(page::Gfp gfp, int nid, unsigned order) override {
    return Proxy::alloc_pages(gfp & ~page::gfp::zero, nid, order);
  }
};
TEST(PageOracle, Zero) {
  expect_verdict<LeavesDirt>(VerdictKind::zero, "zeroed", "task0: a = alloc_pages(2, zero)\n");
}

struct LeavesTheLastByte : Proxy {
  using Proxy::Proxy;
  Pfn alloc_pages_nolock(page::Gfp gfp, int nid, unsigned order) override {
    const Pfn page = Proxy::alloc_pages_nolock(gfp, nid, order);
    inspector().address(page + 1)[4095] = std::byte{1};
    return page;
  }
};
TEST(PageOracle, ZeroToTheLastByte) {
  expect_verdict<LeavesTheLastByte>(VerdictKind::zero, "zeroed",
                                    "task0: a = alloc_pages_nolock(1)\n");
}

struct Misaligned : Proxy {
  using Proxy::Proxy;
  Pfn alloc_pages(page::Gfp gfp, int nid, unsigned order) override {
    return Proxy::alloc_pages(gfp, nid, order + 1) + 1;
  }
};
TEST(PageOracle, Alignment) {
  expect_verdict<Misaligned>(VerdictKind::placement, "aligned", "task0: a = alloc_pages(1)\n");
}

struct CountsTwo : Proxy {
  using Proxy::Proxy;
  Pfn alloc_pages_nolock(page::Gfp gfp, int nid, unsigned order) override {
    const Pfn page = Proxy::alloc_pages_nolock(gfp, nid, order);
    get_page(page);
    return page;
  }
};
TEST(PageOracle, ReferencesOfANewBlock) {
  expect_verdict<CountsTwo>(VerdictKind::refcount, "one reference",
                            "task0: a = alloc_pages_nolock(0)\n");
}

struct TakesNoReference : Proxy {
  using Proxy::Proxy;
  void get_page(Pfn) override {}
};
TEST(PageOracle, ReferencesTaken) {
  expect_verdict<TakesNoReference>(VerdictKind::refcount, "as many references",
                                   "task0: a = alloc_pages_nolock(0)\nb = get_page(a)\n");
}

struct DropsNoReference : Proxy {
  using Proxy::Proxy;
  void free_pages_nolock(Pfn, unsigned) override {}
};
TEST(PageOracle, ReferencesDropped) {
  expect_verdict<DropsNoReference>(VerdictKind::refcount, "as many references",
                                   "task0: a = alloc_pages_nolock(0)\nfree_pages_nolock(a)\n");
}

struct IgnoresCompound : Proxy {
  using Proxy::Proxy;
  Pfn alloc_pages(page::Gfp gfp, int nid, unsigned order) override {
    return Proxy::alloc_pages(gfp & ~page::gfp::comp, nid, order);
  }
};
TEST(PageOracle, Compound) {
  expect_verdict<IgnoresCompound>(VerdictKind::difference, "compound",
                                  "task0: a = alloc_pages(2, comp)\n");
}

// --- Where it comes from.

struct IgnoresTheNode : Proxy {
  using Proxy::Proxy;
  Pfn alloc_pages(page::Gfp gfp, int nid, unsigned order) override {
    return Proxy::alloc_pages(gfp, nid == 1 ? 0 : nid, order);
  }
  Pfn alloc_pages_nolock(page::Gfp gfp, int nid, unsigned order) override {
    return Proxy::alloc_pages_nolock(gfp, nid == 1 ? 0 : nid, order);
  }
};
TEST(PageOracle, Node) {
  expect_verdict<IgnoresTheNode>(VerdictKind::placement, "request for one node",
                                 "task0: a = alloc_pages(2, thisnode, node=1)\n", "nodes=2");
}
TEST(PageOracle, PreferredNode) {
  expect_verdict<IgnoresTheNode>(VerdictKind::placement, "preferred node",
                                 "task0: a = alloc_pages_nolock(0, node=1)\n", "nodes=2");
}

struct IgnoresLowMemory : Proxy {
  using Proxy::Proxy;
  Pfn alloc_pages(page::Gfp gfp, int nid, unsigned order) override {
    return Proxy::alloc_pages(gfp & ~page::gfp::dma32, nid, order);
  }
};
TEST(PageOracle, LowMemory) {
  expect_verdict<IgnoresLowMemory>(VerdictKind::placement, "low memory",
                                   "task0: a = alloc_pages(0, dma32)\n", "dma32=yes");
}

struct FirstPages : Proxy {
  using Proxy::Proxy;
  Pfn alloc_pages(page::Gfp, int, unsigned) override { return 0; }
};
TEST(PageOracle, ZonesAreNotCrossed) {
  expect_verdict<FirstPages>(VerdictKind::placement, "one zone", "task0: a = alloc_pages(7)\n",
                             "pages=128 dma32=yes");
}

struct IgnoresWatermarks : Proxy {
  using Proxy::Proxy;
  // Finds a page that the CPU has at hand, so that no lock is waited for.
  Pfn alloc_pages_nolock(page::Gfp, int nid, unsigned order) override {
    return Proxy::alloc_pages(page::gfp::zero | page::gfp::high | page::gfp::movable, nid, order);
  }
};
TEST(PageOracle, Reserves) {
  expect_verdict<IgnoresWatermarks>(VerdictKind::placement, "reserves",
                                    "task0: a = alloc_pages(0, movable)\nfree_pages_nolock(a)\n"
                                    "b = alloc_pages(5, high)\na = alloc_pages_nolock(0)\n",
                                    "pages=64 min_pages=32");
}

struct UndoesIsolation : Proxy {
  using Proxy::Proxy;
  void drain_pcp(unsigned cpu) override {
    Proxy::drain_pcp(cpu);
    for (Pfn page = 0; page < 64; page += 16) unisolate_pageblock(page);
  }
};
TEST(PageOracle, IsolatedPageblocks) {
  expect_verdict<UndoesIsolation>(VerdictKind::placement, "isolated and drained",
                                  "task0: isolate_pageblock(block0)\nisolate_pageblock(block1)\n"
                                  "isolate_pageblock(block2)\ndrain_pcp(cpu0)\n"
                                  "a = alloc_pages(5)\n",
                                  "pages=64 min_pages=1");
}

// --- Failures.

struct FailsWithoutCause : Proxy {
  using Proxy::Proxy;
  Pfn alloc_pages_nolock(page::Gfp, int, unsigned) override { return kNoPage; }
};
TEST(PageOracle, FailureWithoutCause) {
  expect_verdict<FailsWithoutCause>(VerdictKind::spurious_failure, "has a cause",
                                    "task0: a = alloc_pages_nolock(0)\n");
}

/// Says that it is out of memory, and always is.
struct FailsWithPretext : Proxy {
  using Proxy::Proxy;
  Pfn alloc_pages(page::Gfp, int, unsigned) override {
    static_cast<void>(Sim::fails(page::site::watermark, true));
    return kNoPage;
  }
  Pfn alloc_pages_nolock(page::Gfp, int, unsigned) override {
    static_cast<void>(Sim::fails(page::site::watermark, true));
    return kNoPage;
  }
};
TEST(PageOracle, FailureWithPretext) {
  const std::string rule = "nothing is in the way of";
  expect_verdict<FailsWithPretext>(VerdictKind::spurious_failure, rule,
                                   "task0: a = alloc_pages_nolock(3)\n");
  expect_verdict<FailsWithPretext>(VerdictKind::spurious_failure, rule,
                                   "task0: a = alloc_pages(0, direct_reclaim)\n");
  expect_verdict<FailsWithPretext>(VerdictKind::spurious_failure, rule,
                                   "task0: a = alloc_pages(10)\n", "pages=1024 deferred_init=yes");
}
TEST(PageOracle, FailureWithReasonIsFine) {
  const auto verdict =
      verdict_with<Proxy>("pages=64", "task0: a = alloc_pages(6)\nb = alloc_pages_nolock(4)\n");
  EXPECT_FALSE(verdict.has_value()) << verdict->rule;
}

struct FailsWithLoss : Proxy {
  using Proxy::Proxy;
  Pfn alloc_pages_nolock(page::Gfp gfp, int nid, unsigned order) override {
    Proxy::alloc_pages_nolock(gfp, nid, 0);
    return Proxy::alloc_pages_nolock(gfp, nid, order);
  }
};
TEST(PageOracle, FailureAtomicity) {
  expect_verdict<FailsWithLoss>(VerdictKind::failure_atomicity, "changes nothing",
                                "task0: a = alloc_pages_nolock(9)\n");
}

struct NeverFails : Proxy {
  using Proxy::Proxy;
  Pfn alloc_pages(page::Gfp, int, unsigned) override { return 0; }
  Pfn alloc_pages_nolock(page::Gfp, int, unsigned) override { return 0; }
};
TEST(PageOracle, RequestsThatMustFail) {
  expect_verdict<NeverFails>(VerdictKind::error_code, "larger than the largest",
                             "task0: a = alloc_pages(11)\n");
  expect_verdict<NeverFails>(VerdictKind::error_code, "at most 8 pages",
                             "task0: a = alloc_pages_nolock(4)\n");
  expect_verdict<NeverFails>(VerdictKind::error_code, "deferred initialisation",
                             "task0: a = alloc_pages_nolock(0)\n", "deferred_init=yes");
  expect_verdict<NeverFails>(VerdictKind::error_code, "on RT",
                             "task0: drain_parked()\nirq0: a = alloc_pages_nolock(0)\n"
                             "at task0.0 op.begin#1: irq0\n",
                             "rt=yes");
  expect_verdict<NeverFails>(VerdictKind::error_code, "on UP",
                             "task0: drain_parked()\nnmi0: a = alloc_pages_nolock(0)\n"
                             "at task0.0 op.begin#1: nmi0\n",
                             "smp=no");
}

// --- What a call may do to the CPU, and how long it takes.

struct KeepsPreemptionOff : Proxy {
  using Proxy::Proxy;
  void free_pages_nolock(Pfn page, unsigned order) override {
    Sim::preempt_disable();
    Proxy::free_pages_nolock(page, order);
  }
};
TEST(PageOracle, PreemptionState) {
  expect_verdict<KeepsPreemptionOff>(VerdictKind::lock_state, "as it found them",
                                     "task0: a = alloc_pages_nolock(0)\nfree_pages_nolock(a)\n");
}

struct KeepsALock : Proxy {
  using Proxy::Proxy;
  Pfn alloc_pages_nolock(page::Gfp gfp, int nid, unsigned order) override {
    static_cast<void>(Sim::try_lock(page::site::zone_lock, &word_));
    return Proxy::alloc_pages_nolock(gfp, nid, order);
  }
  std::uint32_t word_ = 0;
};
TEST(PageOracle, LockState) {
  expect_verdict<KeepsALock>(VerdictKind::lock_state, "as it found them",
                             "task0: a = alloc_pages_nolock(0)\n");
}

struct WaitsForALock : Proxy {
  using Proxy::Proxy;
  void free_pages_nolock(Pfn page, unsigned order) override { Proxy::free_pages(page, order); }
};
TEST(PageOracle, NolockCallWaits) {
  expect_verdict<WaitsForALock>(VerdictKind::forbidden_action, "only tries locks",
                                "task0: a = alloc_pages(4)\nfree_pages_nolock(a)\n");
}

struct WakesReclaim : Proxy {
  using Proxy::Proxy;
  Pfn alloc_pages_nolock(page::Gfp gfp, int nid, unsigned order) override {
    Sim::wake(page::site::reclaim);
    return Proxy::alloc_pages_nolock(gfp, nid, order);
  }
};
TEST(PageOracle, NolockCallWakes) {
  expect_verdict<WakesReclaim>(VerdictKind::forbidden_action, "wakes nobody",
                               "task0: a = alloc_pages_nolock(0)\n");
}

struct SleepsInInterrupts : Proxy {
  using Proxy::Proxy;
  Pfn alloc_pages(page::Gfp gfp, int nid, unsigned order) override {
    return Proxy::alloc_pages(gfp | page::gfp::direct_reclaim, nid, order);
  }
};
TEST(PageOracle, SleepInAtomic) {
  expect_verdict<SleepsInInterrupts>(VerdictKind::sleep_in_atomic, "may sleep",
                                     "task0: drain_parked()\nirq0: a = alloc_pages(0)\n"
                                     "at task0.0 op.begin#1: irq0\n");
}

struct TakesForEver : Proxy {
  using Proxy::Proxy;
  void free_pages_nolock(Pfn page, unsigned order) override {
    for (unsigned i = 0; i < steps_; ++i) Sim::probe(page::site::free_prepared);
    Proxy::free_pages_nolock(page, order);
  }
  unsigned steps_ = 100'000;
};
struct TakesLong : TakesForEver {
  explicit TakesLong(inject::Simulation& simulation) : TakesForEver(simulation) { steps_ = 3'000; }
};
TEST(PageOracle, Progress) {
  const std::string program = "task0: a = alloc_pages_nolock(0)\nfree_pages_nolock(a)\n";
  expect_verdict<TakesForEver>(VerdictKind::no_progress, "own steps", program);
  expect_verdict<TakesLong>(VerdictKind::no_progress, "whatever it finds", program);
}

struct NolockViews : PageInspectorProxy {
  using PageInspectorProxy::PageInspectorProxy;
  model::PageTotals totals() const override {
    model::PageTotals totals = PageInspectorProxy::totals();
    (parked_ ? totals.parked : totals.held_back) += 100 - calls_;
    totals.free -= 100 - calls_;
    if (calls_ < 100) ++calls_;
    return totals;
  }
  mutable std::int64_t calls_ = 0;
  bool parked_ = true;
};
/// As if each look found fewer pages parked, or held back.
struct DrainsParked : PageSubjectProxy<NolockViews> {
  using PageSubjectProxy::PageSubjectProxy;
};
struct HeldBackViews : NolockViews {
  explicit HeldBackViews(const PageInspector& real) : NolockViews(real) { parked_ = false; }
};
struct AcceptsMemory : PageSubjectProxy<HeldBackViews> {
  using PageSubjectProxy::PageSubjectProxy;
};
TEST(PageOracle, NolockCallsLeaveLongWorkToOthers) {
  const std::string program = "task0: a = alloc_pages_nolock(0)\n";
  expect_verdict<DrainsParked>(VerdictKind::forbidden_action, "parked pages", program);
  expect_verdict<AcceptsMemory>(VerdictKind::forbidden_action, "no new memory", program);
}

// --- Upkeep.

struct IdleUpkeep : Proxy {
  using Proxy::Proxy;
  void drain_pcp(unsigned) override {}
  void trim_pcp() override {}
  std::size_t drain_parked() override { return Proxy::drain_parked() + 1; }
  bool balance(unsigned) override { return true; }
  bool isolate_pageblock(Pfn) override { return true; }
};
TEST(PageOracle, Upkeep) {
  const std::string fill =
      "task0: a = alloc_pages(0)\nb = alloc_pages(0)\nfree_pages_nolock(a)\n"
      "free_pages_nolock(b)\n";
  expect_verdict<IdleUpkeep>(VerdictKind::difference, "empties the lists",
                             fill + "drain_pcp(cpu0)\n");
  expect_verdict<IdleUpkeep>(VerdictKind::difference, "within their limit", fill + "trim_pcp()\n",
                             "pcp_high=1");
  expect_verdict<IdleUpkeep>(VerdictKind::difference, "says how many", "task0: drain_parked()\n");
  expect_verdict<IdleUpkeep>(VerdictKind::difference, "collects what is cached",
                             fill + "balance(node0)\n");
  expect_verdict<IdleUpkeep>(VerdictKind::difference, "above HIGH",
                             "task0: a = alloc_pages(5)\nbalance(node0)\n",
                             "pages=64 min_pages=32");
  expect_verdict<IdleUpkeep>(VerdictKind::difference, "isolated once",
                             "task0: isolate_pageblock(block1)\nisolate_pageblock(block1)\n");
}

// --- Accounts.

struct KeepsACharge : Proxy {
  using Proxy::Proxy;
  Accounts end_accounting() override { return {.pages = Proxy::end_accounting().pages + 1}; }
};
struct KeepsAPayer : Proxy {
  using Proxy::Proxy;
  Accounts end_accounting() override { return {.payers = Proxy::end_accounting().payers + 1}; }
};
TEST(PageOracle, Accounts) {
  const std::string paid = "task0: a = alloc_pages(0, account)\nfree_pages(a)\n";
  EXPECT_FALSE(verdict_with<Proxy>("memcg=yes", paid).has_value());
  expect_verdict<KeepsACharge>(VerdictKind::conservation, "nobody pays", paid, "memcg=yes");
  expect_verdict<KeepsAPayer>(VerdictKind::conservation, "nobody pays", paid, "memcg=yes");
}

}  // namespace
}  // namespace anyctx::target
