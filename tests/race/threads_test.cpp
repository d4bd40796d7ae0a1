// Real threads under ThreadSanitizer: they allocate, pass on and free, and each is entered again
// and again inside its own operations, at decision points, as an interrupt would enter it.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "fuzzers/native/stack.h"
#include "inject/choice/rng.h"
#include "inject/threads/threads_machine.h"

namespace anyctx::inject {
namespace {

constexpr unsigned kThreads = 3;
constexpr unsigned kRounds = 20'000;

constexpr unsigned kSlots = 24;

using Slots = std::array<std::atomic<std::uint32_t*>, kSlots>;

/// One thread's work, and the handler that enters it.
class Worker {
 public:
  Worker(native::Stack<Threads>& stack, Slots& slots, unsigned seed)
      : stack_(stack), slots_(slots), rng_(seed), inner_rng_(seed + 100) {}

  void run() {
    Threads::set_hook(
        {[](void* self, machine::PointId) { static_cast<Worker*>(self)->enter(); }, this});
    for (unsigned i = 0; i < kRounds; ++i) {
      pass_on(allocate());
      if (i % 64 == 0) stack_.slabs.poll_deferred();
      if (i % 500 == 0) stack_.slabs.deferred_work_barrier();  // what others deferred, too
    }
    Threads::set_hook({});
    Threads::detach_thread();
  }
  unsigned entered() const { return entered_; }
  unsigned served() const { return served_; }

 private:
  static std::size_t size_of(Rng& rng) { return std::size_t{32} << rng.below(6); }

  std::uint32_t* allocate() {
    const std::size_t size = size_of(rng_);
    void* const object = rng_.chance(1, 2) ? stack_.slabs.kmalloc_nolock(size, page::Gfp::none)
                                           : stack_.slabs.kmalloc(size, page::gfp::nowait);
    return written(object);
  }
  std::uint32_t* written(void* object) {
    if (object == nullptr) return nullptr;
    ++served_;
    auto* const word = static_cast<std::uint32_t*>(object);
    *word = static_cast<std::uint32_t>(rng_.next());
    return word;
  }
  /// Whoever takes it reads what is written, and frees it.
  void pass_on(std::uint32_t* object) {
    std::uint32_t* const other = slots_[rng_.below(kSlots)].exchange(object);
    if (other == nullptr) return;
    sum_ += *other;
    if (rng_.chance(1, 2)) {
      stack_.slabs.kfree_nolock(other);
    } else {
      stack_.slabs.kfree(other);
    }
  }
  /// At one point in some.
  void enter() {
    if (!inner_rng_.chance(1, 40)) return;
    ++entered_;
    void* const object = stack_.slabs.kmalloc_nolock(size_of(inner_rng_), page::Gfp::none);
    if (object == nullptr) return;
    *static_cast<std::uint32_t*>(object) = 1;
    stack_.slabs.kfree_nolock(object);
  }

  native::Stack<Threads>& stack_;
  Slots& slots_;
  Rng rng_;
  Rng inner_rng_;
  unsigned entered_ = 0;
  unsigned served_ = 0;
  std::uint64_t sum_ = 0;
};

/// What is written before a push is seen by whoever takes the node.
TEST(Llist, HandsOverWhatWasWrittenBefore) {
  struct Node : defer::LlistNode {
    std::uint64_t payload = 0;
  };
  constexpr std::uint64_t kNodes = 10'000;
  std::vector<Node> nodes(kNodes);
  defer::Llist<Threads, slab::site::deferred_objects> list;
  std::thread producer([&] {
    for (std::uint64_t i = 0; i < kNodes; ++i) {
      nodes[i].payload = i;
      list.push(&nodes[i]);
    }
  });
  std::uint64_t taken = 0;
  std::uint64_t sum = 0;
  while (taken < kNodes) {
    for (auto* node = list.take_all(); node != nullptr; node = list.next(node), ++taken) {
      sum += static_cast<Node*>(node)->payload;
    }
  }
  producer.join();
  EXPECT_EQ(sum, kNodes * (kNodes - 1) / 2);
}

class RealThreads : public ::testing::TestWithParam<slab::Design> {};

TEST_P(RealThreads, ThatAreEnteredHaveNoRaces) {
  native::Stack<Threads> stack({.design = GetParam()});
  Slots slots{};
  std::vector<Worker> workers;
  for (unsigned i = 0; i < kThreads; ++i) workers.emplace_back(stack, slots, i + 1);
  std::vector<std::thread> threads;
  for (Worker& worker : workers) threads.emplace_back([&worker] { worker.run(); });
  for (std::thread& thread : threads) thread.join();
  for (auto& slot : slots) stack.slabs.kfree(slot.load());
  for (const Worker& worker : workers) {
    EXPECT_GT(worker.entered(), kRounds / 10);
    EXPECT_GT(worker.served(), kRounds / 2);
  }
  EXPECT_EQ(stack.settle(), "");
}

INSTANTIATE_TEST_SUITE_P(Designs, RealThreads,
                         ::testing::Values(slab::Design::classic, slab::Design::sheaves));

}  // namespace
}  // namespace anyctx::inject
