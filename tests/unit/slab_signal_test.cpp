// The allocator as a library: real threads, and real signals in place of NMIs.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/time.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "lib/machine/native.h"
#include "lib/slab/audit.h"

namespace anyctx::test {
namespace {

using M = machine::Native;
namespace gfp = page::gfp;

constexpr std::size_t kPages = 4096;

struct Free {
  void operator()(std::byte* p) const { std::free(p); }
};

/// A heap of its own, as a program would set it up.
class Heap {
 public:
  Heap() : memory_(static_cast<std::byte*>(std::aligned_alloc(4u << 20, kPages << 12))) {
    page::Config config;
    config.base = memory_.get();
    config.page_count = kPages;
    pages_.init(config, page_storage_);
    grace.init();
    slabs.init(pages_, grace, {.encoded_freelist = true}, slab_storage_, word_storage_);
  }
  ~Heap() { M::mark_used(memory_.get(), kPages << 12); }

  std::int64_t live() const {
    std::int64_t sum = 0;
    for (const auto* cache = slabs.first_cache(); cache != nullptr; cache = cache->next_cache) {
      sum += slab::take_census(slabs, *cache).live();
    }
    return sum;
  }

  defer::Grace<M> grace;
  slab::SlabAllocator<M> slabs;

 private:
  std::unique_ptr<std::byte, Free> memory_;
  page::PageAllocator<M> pages_;
  std::vector<page::Page<M>> page_storage_{kPages};
  std::vector<slab::Slab<M>> slab_storage_{kPages};
  std::vector<slab::DeferredWord<M>> word_storage_{slab::deferred_words(kPages, 12)};
};

/// A few objects that change hands; whoever holds one sees its own pattern in it.
template <std::size_t N>
class Pool {
 public:
  void step(slab::SlabAllocator<M>& slabs, unsigned random, bool nolock) {
    unsigned char*& object = objects_[random % N];
    if (object == nullptr) {
      const std::size_t size = 16u << (random / N % 6);
      void* const memory =
          nolock ? slabs.kmalloc_nolock(size, page::Gfp::none) : slabs.kmalloc(size, gfp::kernel);
      if (memory == nullptr) return;
      object = static_cast<unsigned char*>(memory);
      object[0] = object[15] = tag();
    } else {
      if (object[0] != tag() || object[15] != tag()) damaged = true;
      nolock ? slabs.kfree_nolock(object) : slabs.kfree(object);
      object = nullptr;
    }
  }
  void clear(slab::SlabAllocator<M>& slabs) {
    for (unsigned char*& object : objects_) slabs.kfree(std::exchange(object, nullptr));
  }
  volatile bool damaged = false;

 private:
  unsigned char tag() const {
    return static_cast<unsigned char>(reinterpret_cast<std::uintptr_t>(this) >> 4);
  }
  std::array<unsigned char*, N> objects_{};
};

Heap* handler_heap = nullptr;
Pool<16>* handler_pool = nullptr;
volatile unsigned handler_runs = 0;
unsigned handler_random = 12345;

void on_signal(int) {
  handler_runs = handler_runs + 1;
  for (int i = 0; i < 8; ++i) {
    handler_random = handler_random * 1664525u + 1013904223u;
    handler_pool->step(handler_heap->slabs, handler_random >> 8, true);
  }
}

// A timer's signal allocates and frees in the middle of the main loop's allocations.
TEST(Signal, HandlerMayAllocateAndFreeAnywhere) {
  auto heap = std::make_unique<Heap>();
  Pool<16> in_handler;
  Pool<64> in_loop;
  handler_heap = heap.get();
  handler_pool = &in_handler;
  struct sigaction action {};
  struct sigaction former {};
  action.sa_handler = on_signal;
  sigaction(SIGALRM, &action, &former);
  const itimerval often{{0, 50}, {0, 50}};
  setitimer(ITIMER_REAL, &often, nullptr);

  unsigned random = 1;
  for (unsigned op = 0; op < 3000000 || (handler_runs < 1000 && op < 300000000); ++op) {
    random = random * 1664525u + 1013904223u;
    in_loop.step(heap->slabs, random >> 8, false);
  }

  const itimerval never{};
  setitimer(ITIMER_REAL, &never, nullptr);
  sigaction(SIGALRM, &former, nullptr);
  EXPECT_GE(handler_runs, 1000u);
  EXPECT_FALSE(in_handler.damaged);
  EXPECT_FALSE(in_loop.damaged);
  in_handler.clear(heap->slabs);
  in_loop.clear(heap->slabs);
  heap->slabs.deferred_work_barrier();
  EXPECT_EQ(slab::audit(heap->slabs), "");
  EXPECT_EQ(heap->live(), 0);
}

// A signal raised by the thread itself, at a known place: between two operations.
TEST(Signal, RaisedHandlerSharesTheHeap) {
  auto heap = std::make_unique<Heap>();
  Pool<16> in_handler;
  handler_heap = heap.get();
  handler_pool = &in_handler;
  struct sigaction action {};
  struct sigaction former {};
  action.sa_handler = on_signal;
  sigaction(SIGUSR1, &action, &former);
  void* const object = heap->slabs.kmalloc(64, gfp::kernel);
  const unsigned before = handler_runs;
  raise(SIGUSR1);
  EXPECT_EQ(handler_runs, before + 1);
  heap->slabs.kfree(object);
  sigaction(SIGUSR1, &former, nullptr);
  in_handler.clear(heap->slabs);
  heap->slabs.deferred_work_barrier();
  EXPECT_EQ(heap->live(), 0);
}

// Objects that one thread allocates and another frees.
TEST(Threads, ObjectsTravelBetweenThreads) {
  auto heap = std::make_unique<Heap>();
  constexpr unsigned kSlots = 256;
  std::array<std::atomic<unsigned char*>, kSlots> exchange{};
  std::atomic<bool> damaged{false};
  const auto work = [&](unsigned seed) {
    unsigned random = seed;
    for (int op = 0; op < 400000; ++op) {
      random = random * 1664525u + 1013904223u;
      const unsigned bits = random >> 8;
      const std::size_t size = 16u << (bits / kSlots % 6);
      const bool nolock = bits % 3 == 0;
      void* const memory = nolock ? heap->slabs.kmalloc_nolock(size, page::Gfp::none)
                                  : heap->slabs.kmalloc(size, gfp::kernel);
      auto* object = static_cast<unsigned char*>(memory);
      if (object != nullptr) object[0] = object[15] = static_cast<unsigned char>(bits | 1);
      object = exchange[bits % kSlots].exchange(object);
      if (object == nullptr) continue;
      if (object[0] != object[15]) damaged = true;
      nolock ? heap->slabs.kfree_nolock(object) : heap->slabs.kfree(object);
    }
    M::detach_thread();
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned seed = 1; seed <= 3; ++seed) threads.emplace_back(work, seed);
  }
  EXPECT_FALSE(damaged);
  for (auto& slot : exchange) heap->slabs.kfree(slot.load());
  heap->slabs.deferred_work_barrier();
  EXPECT_EQ(slab::audit(heap->slabs), "");
  EXPECT_EQ(heap->live(), 0);
}

}  // namespace
}  // namespace anyctx::test
