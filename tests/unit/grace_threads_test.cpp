// Grace periods on real threads: readers never see what was freed, however it waits.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "lib/defer/grace.h"
#include "lib/machine/native.h"

namespace anyctx::test {
namespace {

using machine::Native;
using Head = defer::RcuHead<Native>;

/// Published, replaced, and overwritten once no reader can see it.
struct Thing {
  Head head;  // first
  std::atomic<std::uint64_t> value{1};
};

struct GraceThreads : ::testing::TestWithParam<bool> {
  GraceThreads() { grace->init(); }

  template <class F>
  void as_reader(F f) {
    if (GetParam()) {
      const auto token = grace->srcu.read_lock();
      f();
      grace->srcu.read_unlock(token);
    } else {
      const auto token = grace->rcu.read_lock();
      f();
      grace->rcu.read_unlock(token);
    }
  }
  void call(Thing* thing) {
    const auto end = [](Head* head) { reinterpret_cast<Thing*>(head)->value.store(0); };
    GetParam() ? grace->srcu.call(&thing->head, end) : grace->rcu.call(&thing->head, end);
  }
  void synchronize() { GetParam() ? grace->srcu.synchronize() : grace->rcu.synchronize(); }
  void barrier() { GetParam() ? grace->srcu.barrier() : grace->rcu.barrier(); }

  /// Reads until told to stop; returns how often something was found that was gone.
  std::uint64_t read() {
    std::uint64_t gone = 0;
    while (!stop.load()) {
      as_reader([&] {
        const Thing* const found = published.load();
        for (int look = 0; look < 20; ++look) gone += found->value.load() == 0;
      });
      reads.fetch_add(1);
    }
    return gone;
  }

  std::unique_ptr<defer::Grace<Native>> grace = std::make_unique<defer::Grace<Native>>();
  std::array<Thing, 512> things;
  std::atomic<Thing*> published{&things[0]};
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> reads{0};
};

TEST_P(GraceThreads, ReadersSeeNothingThatIsGone) {
  std::atomic<std::uint64_t> gone{0};
  std::vector<std::thread> readers;
  for (unsigned i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      gone += read();
      Native::detach_thread();
    });
  }
  while (reads.load() < 10) std::this_thread::yield();
  for (std::size_t next = 1; next < things.size(); ++next) {
    Thing* const old = published.exchange(&things[next]);
    if (next % 8 == 0) {
      synchronize();
      old->value.store(0);
    } else {
      call(old);
    }
    if (next % 32 == 0) GetParam() ? grace->srcu.poll() : grace->rcu.poll();
  }
  barrier();
  stop.store(true);
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(gone.load(), 0u);
  for (std::size_t i = 0; i + 1 < things.size(); ++i) EXPECT_EQ(things[i].value.load(), 0u) << i;
  EXPECT_TRUE(grace->rcu.peek_idle());
  EXPECT_TRUE(grace->srcu.peek_idle());
}

INSTANTIATE_TEST_SUITE_P(Kinds, GraceThreads, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "srcu_fast" : "rcu"; });

}  // namespace
}  // namespace anyctx::test
