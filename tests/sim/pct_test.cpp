// PCT keeps its promise: bugs that need a few ordered switches are hit as often as it says.
#include "inject/sched/pct.h"

#include <gtest/gtest.h>

#include "lib/machine/atomic.h"
#include "tests/sim/machine.h"

namespace anyctx::inject {
namespace {

using Word = machine::Atomic<Sim, std::uint64_t, test_site::a>;

/// Task 0 writes 1 to 4; the other sees `wanted` only if it runs between two of these writes.
class Window : public TestMachine {
 public:
  explicit Window(std::uint64_t wanted) : wanted_(wanted) {
    lane(task(0), {[this]() -> std::uint64_t {
           for (std::uint64_t i = 1; i <= 4; ++i) word_.store(i);
           return 0;
         }});
    lane(task(1), {[this]() -> std::uint64_t {
           hit_ = hit_ || word_.load() == wanted_;
           return 0;
         }});
    setup = [this] { word_.init(0), hit_ = false; };
  }
  bool hit() const { return hit_; }

 private:
  std::uint64_t wanted_;
  Word word_;
  bool hit_ = false;
};

constexpr unsigned kTasks = 2;
constexpr unsigned kRuns = 4000;

struct Hits {
  unsigned count = 0;
  std::uint32_t steps = 0;
};
Hits hits(Window& window, unsigned depth, std::uint32_t steps) {
  Hits hits;
  for (unsigned i = 0; i < kRuns; ++i) {
    Pct pct(i, steps, depth);
    EXPECT_TRUE(window.run_scheduled(pct));
    hits.count += window.hit() ? 1 : 0;
    hits.steps = std::max(hits.steps, pct.steps());
  }
  return hits;
}

TEST(Pct, BugsOfDepthOneAreHitInEveryNthRun) {
  Window before(0);  // all that is needed is the other order of tasks
  const Hits found = hits(before, 1, 1);
  EXPECT_GE(found.count, kRuns / kTasks * 9 / 10);
  EXPECT_LT(found.count, kRuns);
}

TEST(Pct, BugsOfDepthTwoNeedAChange) {
  Window between(2);
  EXPECT_EQ(hits(between, 1, 1).count, 0u);
  const std::uint32_t steps = hits(between, 1, 1).steps;
  const Hits found = hits(between, 2, steps);
  EXPECT_GE(found.count, kRuns / (kTasks * steps) * 9 / 10);
}

TEST(Pct, SwitchesAreDecisions) {
  Window between(2);
  for (unsigned seed = 0;; ++seed) {
    ASSERT_LT(seed, kRuns);
    Pct pct(seed, 10, 2);
    ASSERT_TRUE(between.run_scheduled(pct));
    if (!between.hit()) continue;
    const Decisions taken = between.simulation().taken();
    const std::uint64_t digest = between.simulation().digest();
    EXPECT_FALSE(taken.empty());
    EXPECT_TRUE(between.run(taken));
    EXPECT_TRUE(between.hit());
    EXPECT_EQ(between.simulation().digest(), digest);
    return;
  }
}

}  // namespace
}  // namespace anyctx::inject
