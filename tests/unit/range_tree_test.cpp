// The range tree against a bitmap: results, placement, structure, and what a failure leaves behind.
#include "lib/bpf/range_tree.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "lib/bpf/slab_nodes.h"
#include "tests/unit/slab_bed.h"

namespace anyctx::test {
namespace {

using machine::Native;

/// Nodes from the heap: counted, and refused from the `fail_from`-th allocation on, `fail_count`
/// times.
class CountedNodes {
 public:
  ~CountedNodes() { EXPECT_TRUE(live_.empty()); }

  void* allocate(std::size_t bytes) {
    const unsigned index = allocations++;
    if (index >= fail_from && index - fail_from < fail_count) {
      ++refused;
      return nullptr;
    }
    return *live_.insert(std::malloc(bytes)).first;
  }
  void release(void* node) {
    ASSERT_EQ(live_.erase(node), 1u) << "released twice, or never allocated";
    std::free(node);
  }
  std::size_t live() const { return live_.size(); }

  unsigned allocations = 0;
  unsigned fail_from = ~0u;
  unsigned fail_count = 1;
  unsigned refused = 0;

 private:
  std::set<void*> live_;
};

using Tree = bpf::RangeTree<Native, CountedNodes>;
using Runs = std::vector<std::pair<std::uint64_t, std::uint64_t>>;  // first, size

template <class T>
Runs runs_of(const T& tree) {
  Runs runs;
  tree.visit([&](std::uint64_t first, std::uint64_t size) { runs.emplace_back(first, size); });
  return runs;
}

/// Independent of the tree: one bool per bit, and when each run came to be what it is.
class Bitmap {
 public:
  explicit Bitmap(std::size_t limit) : bits_(limit) {}

  void put(std::size_t start, std::size_t length, bool value) {
    for (std::size_t i = start; i < start + length; ++i) bits_[i] = value;
    // A run that is as it was has not been touched; of the others, the left ones are older.
    std::map<std::pair<std::uint64_t, std::uint64_t>, unsigned> ages;
    for (const auto& run : runs()) {
      const auto known = ages_.find(run);
      ages[run] = known != ages_.end() ? known->second : ++clock_;
    }
    ages_ = std::move(ages);
  }
  bool all(std::size_t start, std::size_t length) const {
    for (std::size_t i = start; i < start + length; ++i) {
      if (!bits_[i]) return false;
    }
    return true;
  }
  bool at(std::size_t bit) const { return bit < bits_.size() && bits_[bit]; }

  std::int64_t find(std::uint64_t length) const {
    std::int64_t found = -ENOENT;
    std::pair<std::uint64_t, unsigned> best{~0ull, 0};  // size, age
    for (const auto& [run, age] : ages_) {
      const bool better =
          run.second < best.first || (run.second == best.first && age > best.second);
      if (run.second < length || !better) continue;
      best = {run.second, age};
      found = static_cast<std::int64_t>(run.first);
    }
    return found;
  }

  Runs runs() const {
    Runs runs;
    for (std::size_t i = 0; i < bits_.size(); ++i) {
      if (!bits_[i]) continue;
      if (i == 0 || !bits_[i - 1]) runs.emplace_back(i, 0);
      ++runs.back().second;
    }
    return runs;
  }
  /// Whether the range is a hole's middle (set) or a run's middle (clear).
  bool set_needs_node(std::size_t start, std::size_t length) const {
    for (std::size_t i = start; i < start + length; ++i) {
      if (bits_[i]) return false;
    }
    return !(start > 0 && at(start - 1)) && !at(start + length);
  }
  bool clear_needs_node(std::size_t start, std::size_t length) const {
    return start > 0 && at(start - 1) && all(start, length) && at(start + length);
  }

 private:
  std::vector<bool> bits_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, unsigned> ages_;
  unsigned clock_ = 0;
};

struct RangeTree : ::testing::Test {
  void init(std::uint64_t limit) { tree.init(limit, nodes); }
  void expect(const Runs& runs) {
    EXPECT_EQ(tree.audit(), "");
    EXPECT_EQ(runs_of(tree), runs);
    EXPECT_EQ(nodes.live(), runs.size());
  }
  ~RangeTree() override { tree.destroy(); }

  CountedNodes nodes;
  Tree tree;
};

TEST_F(RangeTree, IsEmptyAtFirst) {
  init(100);
  EXPECT_EQ(tree.find(1), -ENOENT);
  EXPECT_EQ(tree.is_set(0, 1), -ESRCH);
  EXPECT_EQ(tree.clear(10, 20), 0);
  expect({});
}

TEST_F(RangeTree, MergesWithBothNeighbours) {
  init(100);
  ASSERT_EQ(tree.set(10, 5), 0);
  ASSERT_EQ(tree.set(20, 5), 0);
  expect({{10, 5}, {20, 5}});
  ASSERT_EQ(tree.set(15, 5), 0);
  expect({{10, 15}});
  ASSERT_EQ(tree.set(9, 1), 0);
  ASSERT_EQ(tree.set(25, 1), 0);
  expect({{9, 17}});
  EXPECT_EQ(tree.is_set(9, 17), 0);
  EXPECT_EQ(tree.is_set(9, 18), -ESRCH);
  EXPECT_EQ(tree.is_set(8, 2), -ESRCH);
  EXPECT_EQ(nodes.allocations, 2u);
}

TEST_F(RangeTree, SwallowsWhatItCovers) {
  init(100);
  for (unsigned bit = 10; bit < 30; bit += 2) ASSERT_EQ(tree.set(bit, 1), 0);
  const unsigned before = nodes.allocations;
  ASSERT_EQ(tree.set(5, 40), 0);
  expect({{5, 40}});
  EXPECT_EQ(nodes.allocations, before) << "a run inside the range lends its node";
}

TEST_F(RangeTree, ClearsHeadTailMiddleAndAll) {
  init(100);
  ASSERT_EQ(tree.set(0, 100), 0);
  ASSERT_EQ(tree.clear(0, 10), 0);
  expect({{10, 90}});
  ASSERT_EQ(tree.clear(90, 10), 0);
  expect({{10, 80}});
  ASSERT_EQ(tree.clear(40, 5), 0);
  expect({{10, 30}, {45, 45}});
  ASSERT_EQ(tree.clear(30, 30), 0);
  expect({{10, 20}, {60, 30}});
  ASSERT_EQ(tree.clear(0, 100), 0);
  expect({});
}

TEST_F(RangeTree, FitsBest) {
  init(100);
  ASSERT_EQ(tree.set(0, 20), 0);
  ASSERT_EQ(tree.set(30, 5), 0);
  ASSERT_EQ(tree.set(50, 10), 0);
  EXPECT_EQ(tree.find(1), 30);
  EXPECT_EQ(tree.find(5), 30);
  EXPECT_EQ(tree.find(6), 50);
  EXPECT_EQ(tree.find(11), 0);
  EXPECT_EQ(tree.find(21), -ENOENT);
}

TEST_F(RangeTree, OfEqualRunsTheLatestIsTaken) {
  init(100);
  ASSERT_EQ(tree.set(50, 4), 0);
  ASSERT_EQ(tree.set(10, 4), 0);
  ASSERT_EQ(tree.set(80, 4), 0);
  EXPECT_EQ(tree.find(3), 80);
  // A run that was changed is the latest, and one that is set again has not changed.
  ASSERT_EQ(tree.set(54, 1), 0);
  ASSERT_EQ(tree.clear(54, 1), 0);
  ASSERT_EQ(tree.set(10, 4), 0);
  EXPECT_EQ(tree.find(3), 50);
  // Of the two halves of a split run, the right one is the later.
  ASSERT_EQ(tree.set(20, 9), 0);
  ASSERT_EQ(tree.clear(24, 1), 0);
  EXPECT_EQ(tree.find(4), 25);
}

TEST_F(RangeTree, WhatIsFoundIsClearedWithoutANode) {
  init(1000);
  ASSERT_EQ(tree.set(100, 700), 0);
  nodes.fail_from = nodes.allocations;
  nodes.fail_count = ~0u;
  for (unsigned length = 1; length < 30; ++length) {
    const std::int64_t found = tree.find(length);
    ASSERT_GE(found, 0);
    EXPECT_EQ(tree.clear(static_cast<std::uint64_t>(found), length), 0);
  }
  EXPECT_EQ(nodes.refused, 0u);
}

TEST_F(RangeTree, AFailedSplitLosesNothing) {
  init(100);
  ASSERT_EQ(tree.set(0, 100), 0);
  nodes.fail_from = nodes.allocations;
  EXPECT_EQ(tree.clear(40, 5), -ENOMEM);
  expect({{0, 100}});
  EXPECT_EQ(tree.clear(40, 5), 0);
  expect({{0, 40}, {45, 55}});
}

TEST_F(RangeTree, AFailedSetLosesNothing) {
  init(100);
  ASSERT_EQ(tree.set(12, 2), 0);
  ASSERT_EQ(tree.set(15, 2), 0);
  nodes.fail_from = nodes.allocations;
  EXPECT_EQ(tree.set(50, 10), -ENOMEM);
  expect({{12, 2}, {15, 2}});
  nodes.fail_from = nodes.allocations;
  EXPECT_EQ(tree.set(10, 11), 0) << "the runs inside the range have nodes to give";
  expect({{10, 11}});
}

TEST_F(RangeTree, RefusesArgumentsThatMeanNothing) {
  init(1000);
  ASSERT_EQ(tree.set(10, 20), 0);
  constexpr std::uint64_t kHuge = ~std::uint64_t{0};
  const std::pair<std::uint64_t, std::uint64_t> bad[] = {
      {0, 0},         {15, 0},   {30, 0},           {1000, 0},       {1000, 1},        {999, 2},
      {0, 1001},      {1, 1000}, {kHuge, 1},        {kHuge, 2},      {0, kHuge},       {1, kHuge},
      {kHuge, kHuge}, {15, ~0u}, {~0u, 1ull << 32}, {0, 1ull << 32}, {15, kHuge - 14},
  };
  for (const auto& [start, length] : bad) {
    EXPECT_EQ(tree.set(start, length), -EINVAL) << start << ' ' << length;
    EXPECT_EQ(tree.clear(start, length), -EINVAL) << start << ' ' << length;
    EXPECT_EQ(tree.is_set(start, length), -EINVAL) << start << ' ' << length;
  }
  EXPECT_EQ(tree.find(0), -EINVAL);
  EXPECT_EQ(tree.find(kHuge), -ENOENT);
  expect({{10, 20}});
}

TEST_F(RangeTree, HoldsTheWholeSpaceOf32Bits) {
  constexpr std::uint64_t kAll = Tree::kMaxLimit;
  init(kAll);
  ASSERT_EQ(tree.set(0, kAll), 0);
  EXPECT_EQ(tree.find(kAll), 0);
  EXPECT_EQ(tree.is_set(0, kAll), 0);
  ASSERT_EQ(tree.clear(kAll - 1, 1), 0);
  EXPECT_EQ(tree.find(kAll), -ENOENT);
  ASSERT_EQ(tree.clear(0, 1), 0);
  // The first and the last bit are no neighbours.
  ASSERT_EQ(tree.clear(0, kAll), 0);
  ASSERT_EQ(tree.set(kAll - 1, 1), 0);
  ASSERT_EQ(tree.set(0, 1), 0);
  expect({{0, 1}, {kAll - 1, 1}});
}

TEST_F(RangeTree, AFailureCanBeInjectedAtEachSite) {
  using Scripted = bpf::RangeTree<ScriptedMachine, CountedNodes>;
  Scripted scripted;
  scripted.init(100, nodes);
  Script& script = ScriptedMachine::script;
  script = {};
  script.fail = [](machine::Site site) { return site == bpf::site::range_new; };
  EXPECT_EQ(scripted.set(10, 10), -ENOMEM);
  script.fail = [](machine::Site site) { return site == bpf::site::range_split; };
  EXPECT_EQ(scripted.set(10, 10), 0);
  EXPECT_EQ(scripted.clear(12, 1), -ENOMEM);
  EXPECT_TRUE(script.caused_by(bpf::site::range_new));
  EXPECT_TRUE(script.caused_by(bpf::site::range_split));
  EXPECT_EQ(runs_of(scripted), (Runs{{10, 10}}));
  EXPECT_EQ(nodes.allocations, 1u);
  script = {};
  scripted.destroy();
}

/// One random operation on the tree and on the bitmap; they agree on the result.
struct RandomOp {
  enum class Kind { set, clear, clear_found, is_set };
  Kind kind;
  std::size_t start;
  std::size_t length;

  static RandomOp draw(std::mt19937_64& random, std::size_t limit) {
    const std::size_t start = random() % limit;
    const std::size_t room = limit - start;
    const std::size_t most = random() % 4 == 0 ? room : std::min<std::size_t>(room, 6);
    return {static_cast<Kind>(random() % 4), start, 1 + random() % most};
  }

  void perform(Tree& tree, Bitmap& bitmap, CountedNodes& nodes) const {
    const unsigned refused = nodes.refused;
    switch (kind) {
      case Kind::set: {
        const int result = tree.set(start, length);
        if (bitmap.set_needs_node(start, length) && nodes.refused > refused) {
          ASSERT_EQ(result, -ENOMEM);
          return;
        }
        ASSERT_EQ(result, 0);
        return bitmap.put(start, length, true);
      }
      case Kind::clear: {
        const int result = tree.clear(start, length);
        if (bitmap.clear_needs_node(start, length) && nodes.refused > refused) {
          ASSERT_EQ(result, -ENOMEM);
          return;
        }
        ASSERT_EQ(result, 0);
        return bitmap.put(start, length, false);
      }
      case Kind::clear_found: {
        const std::int64_t found = tree.find(length);
        ASSERT_EQ(found, bitmap.find(length));
        if (found < 0) return;
        ASSERT_EQ(tree.clear(static_cast<std::uint64_t>(found), length), 0);
        return bitmap.put(static_cast<std::size_t>(found), length, false);
      }
      case Kind::is_set:
        ASSERT_EQ(tree.is_set(start, length), bitmap.all(start, length) ? 0 : -ESRCH);
        return;
    }
  }
};

TEST_F(RangeTree, AgreesWithABitmap) {
  std::mt19937_64 random(1);
  for (const std::size_t limit : {1, 2, 7, 64, 300}) {
    init(limit);
    Bitmap bitmap(limit);
    for (unsigned i = 0; i < 20'000; ++i) {
      if (random() % 8 == 0) {  // a failure somewhere ahead
        nodes.fail_from = nodes.allocations + static_cast<unsigned>(random() % 3);
      }
      const RandomOp op = RandomOp::draw(random, limit);
      ASSERT_NO_FATAL_FAILURE(op.perform(tree, bitmap, nodes)) << "op " << i;
      ASSERT_EQ(tree.audit(), "") << "op " << i;
      ASSERT_EQ(runs_of(tree), bitmap.runs()) << "op " << i;
      ASSERT_EQ(nodes.live(), runs_of(tree).size());
    }
    tree.destroy();
    EXPECT_EQ(nodes.live(), 0u);
  }
  EXPECT_GT(nodes.refused, 1000u);
}

TEST_F(RangeTree, EveryAllocationMayFailOnce) {
  constexpr std::size_t kLimit = 64;
  constexpr unsigned kOps = 300;
  for (unsigned fail_from = 0;; ++fail_from) {
    init(kLimit);
    Bitmap bitmap(kLimit);
    nodes.allocations = 0;
    nodes.refused = 0;
    nodes.fail_from = fail_from;
    std::mt19937_64 random(7);
    for (unsigned i = 0; i < kOps; ++i) {
      const RandomOp op = RandomOp::draw(random, kLimit);
      ASSERT_NO_FATAL_FAILURE(op.perform(tree, bitmap, nodes)) << "allocation " << fail_from;
      ASSERT_EQ(tree.audit(), "");
      ASSERT_EQ(runs_of(tree), bitmap.runs()) << "allocation " << fail_from << ", op " << i;
    }
    tree.destroy();
    if (nodes.refused == 0) {
      EXPECT_GT(fail_from, 30u);
      return;
    }
  }
}

TEST_F(RangeTree, StaysShallowWhenFragmented) {
  constexpr std::uint64_t kLimit = 1 << 16;
  init(kLimit);
  for (std::uint64_t bit = 0; bit < kLimit; bit += 2) ASSERT_EQ(tree.set(bit, 1), 0);
  EXPECT_EQ(tree.audit(), "");
  for (std::uint64_t bit = 0; bit < kLimit; bit += 4) ASSERT_EQ(tree.clear(bit, 1), 0);
  EXPECT_EQ(tree.audit(), "");
  EXPECT_EQ(nodes.live(), kLimit / 4);
  ASSERT_EQ(tree.set(0, kLimit), 0);
  expect({{0, kLimit}});
}

/// With nodes from the nolock slab, in an NMI that hits the slab itself.
struct RangeTreeOnSlab : SlabBed {
  RangeTreeOnSlab() { init(); }
};

TEST_F(RangeTreeOnSlab, NodesAreSlabObjects) {
  bpf::SlabNodes<M> source(slabs);
  bpf::RangeTree<M, bpf::SlabNodes<M>> tree;
  tree.init(1 << 20, source);
  script().nolock = true;
  for (unsigned bit = 0; bit < 1000; bit += 2) ASSERT_EQ(tree.set(bit, 1), 0);
  EXPECT_EQ(census(bucket(64)).live(), 500);
  fail_always(slab::site::context);
  EXPECT_EQ(tree.set(5000, 1), -ENOMEM);
  EXPECT_EQ(tree.set(5000, 1), -ENOMEM);
  script().fail = nullptr;
  EXPECT_EQ(tree.set(5000, 1), 0);
  EXPECT_EQ(tree.audit(), "");
  tree.destroy();
  script().nolock = false;
  expect_nothing_live();
}

}  // namespace
}  // namespace anyctx::test
