// The resilient spinlock on real threads: exclusion, and deadlocks that resolve.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "lib/machine/native.h"
#include "lib/sync/rqspinlock.h"

namespace anyctx::test {
namespace {

using machine::Native;
using Lock = sync::RqSpinLock<Native>;

constexpr unsigned kThreads = 6;  // an owner, a pending waiter, and a queue

struct RqSpinLockThreads : ::testing::Test {
  template <class F>
  void on_all_threads(F f) {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        f(i);
        Native::detach_thread();
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_TRUE(cpus.idle());
  }

  sync::RqCpus<Native> cpus;
};

TEST_F(RqSpinLockThreads, Exclude) {
  constexpr unsigned kRounds = 3000;
  Lock lock(cpus);
  std::uint64_t count = 0;  // of those who held the lock, who alone may touch it
  std::atomic<std::uint64_t> expected{0};
  on_all_threads([&](unsigned) {
    std::uint64_t own = 0;
    for (unsigned i = 0; i < kRounds; ++i) {
      // On a busy host a thread may lose its CPU for longer than others wait.
      if (lock.lock() != 0) continue;
      ++count;
      lock.unlock();
      ++own;
    }
    expected += own;
  });
  EXPECT_EQ(count, expected.load());
  EXPECT_GT(count, kRounds);
  EXPECT_EQ(lock.peek(), 0u);
}

TEST_F(RqSpinLockThreads, DeadlocksResolve) {
  constexpr unsigned kRounds = 20;
  Lock a(cpus);
  Lock b(cpus);
  std::atomic<unsigned> both{0};
  on_all_threads([&](unsigned thread) {
    Lock& first = thread % 2 == 0 ? a : b;
    Lock& second = thread % 2 == 0 ? b : a;
    for (unsigned i = 0; i < kRounds; ++i) {
      if (first.lock() != 0) continue;
      if (second.lock() == 0) {
        ++both;
        second.unlock();
      }
      first.unlock();
    }
  });
  EXPECT_GT(both.load(), 0u);
  EXPECT_EQ(a.peek(), 0u);
  EXPECT_EQ(b.peek(), 0u);
}

TEST_F(RqSpinLockThreads, AnOwnerThatTriesAgainIsToldAtOnce) {
  Lock lock(cpus);
  ASSERT_EQ(lock.lock(), 0);
  const std::uint64_t before = Native::now_ns();
  EXPECT_EQ(lock.lock(), -EDEADLK);
  EXPECT_LT(Native::now_ns() - before, Lock::kPendingLimit);
  lock.unlock();
  EXPECT_TRUE(cpus.idle());
}

}  // namespace
}  // namespace anyctx::test
