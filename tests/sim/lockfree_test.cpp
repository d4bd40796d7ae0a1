// What the machine is for, on the smallest algorithms: it finds the schedules that break them, and
// leaves the right ones alone.
#include <gtest/gtest.h>

#include <array>
#include <bitset>

#include "inject/choice/draws.h"
#include "lib/defer/llist.h"
#include "lib/machine/atomic.h"
#include "tests/sim/machine.h"

namespace anyctx::inject {
namespace {

using machine::Atomic;
using machine::Pair;

struct Node {
  defer::LlistNode link;
  unsigned id;
};
constexpr unsigned kNodes = 6;

/// Nodes in use, as a model knows them: taking a node twice, or losing one, is a violation.
class Ownership {
 public:
  void take(const Node* node, std::bitset<kNodes>& mine) {
    if (taken_[node->id]) {
      Simulation::current().stop(VerdictKind::overlap, "a node has one owner", "free",
                                 "taken twice");
    }
    taken_[node->id] = true;
    mine[node->id] = true;
  }
  void give(unsigned id) { taken_[id] = false; }
  void clear() { taken_.reset(); }

 private:
  std::bitset<kNodes> taken_;
};

/// A stack whose pop reads next and swaps: right with a tag that advances, wrong (ABA) without.
template <bool Tagged>
class Stack {
 public:
  void clear() { top_ = Pair{}; }
  void push(Node* node) {
    Pair old = Sim::load2(test_site::a, &top_);
    for (;;) {
      Sim::store_link(test_site::b, &node->link.next, reinterpret_cast<void*>(old.first),
                      std::memory_order_relaxed);
      if (Sim::cas2(test_site::a, &top_, old,
                    {reinterpret_cast<std::uint64_t>(node), old.second + Tagged})) {
        return;
      }
    }
  }
  Node* pop() {
    Pair old = Sim::load2(test_site::a, &top_);
    for (;;) {
      auto* node = reinterpret_cast<Node*>(old.first);
      if (node == nullptr) return nullptr;
      void* next = Sim::load_link(test_site::b, &node->link.next, std::memory_order_relaxed);
      if (Sim::cas2(test_site::a, &top_, old,
                    {reinterpret_cast<std::uint64_t>(next), old.second + Tagged})) {
        return node;
      }
    }
  }

 private:
  Pair top_;
};

/// Two tasks and an NMI that pop, keep and push nodes. Counts runs with a verdict.
template <class S>
unsigned violations(bool keep, unsigned seeds) {
  TestMachine m;
  m.config.cpus = 2;
  S stack;
  Ownership ownership;
  std::array<Node, kNodes> nodes;
  std::array<std::bitset<kNodes>, 3> held;
  m.setup = [&] {
    stack.clear();
    ownership.clear();
    for (auto& mine : held) mine.reset();
    for (unsigned i = 0; i < kNodes; ++i) {
      nodes[i].id = i;
      stack.push(&nodes[i]);
    }
  };
  const auto pop = [&](unsigned who) -> std::uint64_t {
    Node* node = stack.pop();
    if (node == nullptr) return 99;
    ownership.take(node, held[who]);
    return node->id;
  };
  const auto push = [&](unsigned who) -> std::uint64_t {
    for (unsigned id = kNodes; id-- > 0;) {  // the one popped first: it was on top
      if (!held[who][id]) continue;
      held[who][id] = false;
      ownership.give(id);
      stack.push(&nodes[id]);
      return id;
    }
    return 99;
  };
  m.lane(task(0), {[&] { return pop(0); }, [&] { return push(0); }, [&] { return pop(0); }});
  m.lane(nmi(0),
         keep ? std::vector<TestMachine::Op>{[&] { return pop(1); }, [&] { return pop(1); },
                                             [&] { return push(1); }}
              : std::vector<TestMachine::Op>{[&] { return pop(1); }, [&] { return push(1); }});
  unsigned found = 0;
  for (unsigned seed = 0; seed < seeds; ++seed) {
    RandomDraws draws(seed);
    if (!m.run({}, &draws, 4)) ++found;
  }
  return found;
}

TEST(LockFree, AnUntaggedStackFallsToAnNmiThatKeepsAnObject) {
  EXPECT_GT(violations<Stack<false>>(/*keep=*/true, 2000), 0u);
}

TEST(LockFree, AnUntaggedStackSurvivesAnNmiThatKeepsNothing) {
  EXPECT_EQ(violations<Stack<false>>(/*keep=*/false, 2000), 0u);
}

TEST(LockFree, ATaggedStackHolds) {
  EXPECT_EQ(violations<Stack<true>>(/*keep=*/true, 2000), 0u);
}

TEST(LockFree, LlistLosesNothingUnderExhaustiveDecisions) {
  using List = defer::Llist<Sim, test_site::a>;
  TestMachine m;
  m.config.cpus = 2;
  List list;
  std::array<Node, kNodes> nodes{};
  unsigned pushed = 0;
  unsigned taken = 0;
  unsigned empty_pushes = 0;
  m.setup = [&] {
    (void)list.take_all();
    pushed = taken = empty_pushes = 0;
  };
  const auto push = [&]() -> std::uint64_t {
    if (pushed == kNodes) return 2;
    const bool was_empty = list.push(&nodes[pushed++].link);
    empty_pushes += was_empty;
    return was_empty;
  };
  unsigned takes = 0;
  const auto take = [&]() -> std::uint64_t {
    unsigned count = 0;
    for (auto* node = list.take_all(); node != nullptr; node = List::next(node)) ++count;
    taken += count;
    takes += count != 0;
    return count;
  };
  m.lane(task(0), {push});
  m.lane(task(1), {push, take});
  m.lane(nmi(0), {push});
  m.check = [&] { take(); };
  ExhaustiveDraws draws(24);
  std::size_t runs = 0;
  do {
    takes = 0;
    ASSERT_TRUE(m.run({}, &draws, 1));
    ASSERT_EQ(taken, pushed);
    // Whoever finds the list empty has to see to it: once for each batch that was taken.
    ASSERT_EQ(empty_pushes, takes);
    ++runs;
  } while (draws.next() && runs < 200'000);
  EXPECT_GT(runs, 1000u);
}

}  // namespace
}  // namespace anyctx::inject
