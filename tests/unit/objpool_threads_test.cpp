// Object pools and per-CPU freelists on real threads: nothing is lost, and nobody has what another
// one has.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "fuzzers/targets/heap_blocks.h"
#include "lib/bpf/objpool.h"
#include "lib/bpf/percpu_freelist.h"
#include "lib/machine/native.h"

namespace anyctx::test {
namespace {

using machine::Native;

constexpr unsigned kThreads = 4;
constexpr unsigned kObjects = 6;
constexpr unsigned kRounds = 5000;

template <class F>
void on_all_threads(F f) {
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      f();
      Native::detach_thread();
    });
  }
  for (std::thread& thread : threads) thread.join();
}

/// Whoever has it alone may touch what is not the pool's.
struct Object {
  bpf::FreelistNode node;
  std::uint64_t uses;
};

/// Takes two, uses them, gives them back in the other order.
template <class Pop, class Push>
std::uint64_t use(Pop pop, Push push) {
  std::uint64_t uses = 0;
  for (unsigned i = 0; i < kRounds; ++i) {
    Object* const first = pop();
    Object* const second = pop();
    for (Object* const object : {second, first}) {
      if (object == nullptr) continue;
      ++object->uses;
      ++uses;
      push(object);
    }
  }
  return uses;
}

TEST(ObjPoolThreads, NothingIsLost) {
  target::HeapBlocks blocks;
  bpf::ObjPool<Native, target::HeapBlocks> pool;
  const auto clear = [](void* object, void*) {
    *static_cast<Object*>(object) = {};
    return 0;
  };
  ASSERT_EQ(pool.init(kObjects, sizeof(Object), blocks, clear), 0);
  std::atomic<std::uint64_t> expected{0};
  on_all_threads([&] {
    expected += use([&] { return static_cast<Object*>(pool.pop()); },
                    [&](Object* object) { EXPECT_EQ(pool.push(object), 0); });
  });
  std::uint64_t uses = 0;
  std::vector<Object*> all;
  while (void* const object = pool.pop()) all.push_back(static_cast<Object*>(object));
  for (Object* const object : all) {
    uses += object->uses;
    EXPECT_EQ(pool.push(object), 0);
  }
  EXPECT_EQ(all.size(), kObjects);
  EXPECT_EQ(uses, expected.load());
  EXPECT_GT(uses, kRounds);
  pool.fini();
  EXPECT_EQ(blocks.count(), 0);
}

TEST(PercpuFreelistThreads, NothingIsLost) {
  sync::RqCpus<Native> cpus;
  bpf::PercpuFreelist<Native> list;
  std::vector<Object> objects(kObjects);
  list.init(cpus);
  list.populate(objects.data(), sizeof(Object), kObjects);
  std::atomic<std::uint64_t> expected{0};
  on_all_threads([&] {
    expected += use([&] { return reinterpret_cast<Object*>(list.pop()); },
                    [&](Object* object) { list.push(&object->node); });
  });
  std::uint64_t uses = 0;
  unsigned count = 0;
  while (bpf::FreelistNode* const node = list.pop()) {
    uses += reinterpret_cast<Object*>(node)->uses;
    ++count;
  }
  EXPECT_EQ(count, kObjects);
  EXPECT_EQ(uses, expected.load());
  EXPECT_GT(uses, kRounds);
  EXPECT_TRUE(cpus.idle());
}

}  // namespace
}  // namespace anyctx::test
