// The hash table on real threads: updates of the same few keys beside lookups.
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "fuzzers/targets/heap_blocks.h"
#include "lib/bpf/hashtab.h"
#include "lib/machine/native.h"

namespace anyctx::test {
namespace {

using machine::Native;

/// For elements in advance: there is nothing to wait for.
struct Blocks : target::HeapBlocks {
  void release_after_grace(void* memory) { release(memory); }
};
using Table = bpf::HashTab<Native, Blocks>;

constexpr unsigned kThreads = 4;
constexpr unsigned kRounds = 4000;
constexpr std::uint64_t kKeys = 6;

struct HashTabThreads : ::testing::TestWithParam<bpf::HashLocking> {};

TEST_P(HashTabThreads, EachElementStaysInOnePlace) {
  Blocks blocks;
  sync::RqCpus<Native> cpus;
  Table table;
  ASSERT_EQ(table.init({.max_entries = 4, .locking = GetParam()}, blocks, cpus), 0);
  std::atomic<unsigned> updated{0};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (unsigned round = 0; round < kRounds; ++round) {
        const std::uint64_t key = (round * (i + 1) + i) % kKeys;
        const std::uint64_t value = key;
        // There may be no room, or no key; on a busy host, no lock.
        if (table.update(key, &value, bpf::HashUpdate::any) == 0) ++updated;
        static_cast<void>(table.lookup((key + 1) % kKeys));
        if (round % 3 == 0) static_cast<void>(table.remove((key + 2) % kKeys));
      }
      Native::detach_thread();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(updated.load(), kRounds);
  EXPECT_TRUE(cpus.idle());

  std::set<const void*> places;
  for (std::uint32_t bucket = 0; bucket < table.buckets(); ++bucket) {
    EXPECT_TRUE(table.visit(bucket, 99, [&](const Table::Element& element) {
      EXPECT_EQ(element.value()[0].peek(), element.key.peek());
      EXPECT_TRUE(places.insert(&element).second);
    }));
  }
  for (unsigned list = 0; list <= Native::kMaxCpus; ++list) {
    table.store().freelist().visit(
        list, [&](const void* node) { EXPECT_TRUE(places.insert(node).second); });
  }
  EXPECT_EQ(places.size(), 4u);
  for (unsigned cpu = 0; cpu < Native::cpus(); ++cpu) {
    EXPECT_TRUE(places.insert(table.store().extra(cpu)).second);
  }
  table.destroy();
  EXPECT_EQ(blocks.count(), 0);
}

INSTANTIATE_TEST_SUITE_P(Locks, HashTabThreads,
                         ::testing::Values(bpf::HashLocking::resilient, bpf::HashLocking::guarded),
                         [](const auto& test) {
                           return test.param == bpf::HashLocking::guarded ? "guarded" : "resilient";
                         });

}  // namespace
}  // namespace anyctx::test
