// Native allocation: one alloc and free of the same size, beside glibc, jemalloc and mimalloc in
// the same process and run. The others are loaded with dlopen, so that none of them replaces
// malloc.
#include <benchmark/benchmark.h>
#include <mimalloc.h>
#include <sys/mman.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "lib/machine/native.h"
#include "lib/slab/slab_allocator.h"

extern "C" {
void* __libc_malloc(std::size_t);
void __libc_free(void*);
}

namespace {

using anyctx::machine::Native;
namespace page = anyctx::page;
namespace slab = anyctx::slab;

/// The whole stack on 64 MiB of memory.
class Stack {
 public:
  static constexpr std::size_t kPages = 16384;

  Stack() : pages_(kPages), slabs_(kPages), words_(slab::deferred_words(kPages, 12)) {
    void* memory = ::mmap(nullptr, kPages << 12, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    page::Config config;
    config.base = static_cast<std::byte*>(memory);
    config.page_count = kPages;
    page_allocator_.init(config, pages_);
    slab_.init(page_allocator_, {}, slabs_, words_);
  }

  slab::SlabAllocator<Native>& slab() { return slab_; }

 private:
  std::vector<page::Page<Native>> pages_;
  std::vector<slab::Slab<Native>> slabs_;
  std::vector<slab::DeferredWord<Native>> words_;
  page::PageAllocator<Native> page_allocator_;
  slab::SlabAllocator<Native> slab_;
};

Stack& stack() {
  static auto* const only = new Stack;  // benchmarks share it, as they share the others' heaps
  return *only;
}

template <class Alloc, class Free>
void pairs(benchmark::State& state, Alloc alloc, Free free) {
  const auto size = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    void* object = alloc(size);
    benchmark::DoNotOptimize(object);
    free(object);
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_nolock(benchmark::State& state) {
  auto& slab = stack().slab();
  pairs(
      state, [&](std::size_t n) { return slab.kmalloc_nolock(n, {}); },
      [&](void* p) { slab.kfree_nolock(p); });
}
void BM_kmalloc(benchmark::State& state) {
  auto& slab = stack().slab();
  pairs(
      state, [&](std::size_t n) { return slab.kmalloc(n, page::gfp::nowait); },
      [&](void* p) { slab.kfree(p); });
}
void BM_glibc(benchmark::State& state) {
  pairs(state, __libc_malloc, __libc_free);
}
void BM_jemalloc(benchmark::State& state) {
  pairs(
      state, [](std::size_t n) { return std::malloc(n); }, [](void* p) { std::free(p); });
}
void BM_mimalloc(benchmark::State& state) {
  pairs(state, mi_malloc, mi_free);
}

BENCHMARK(BM_mimalloc)->Arg(64)->Arg(96)->Arg(1024);
BENCHMARK(BM_jemalloc)->Arg(64)->Arg(96)->Arg(1024);
BENCHMARK(BM_glibc)->Arg(64)->Arg(96)->Arg(1024);
BENCHMARK(BM_kmalloc)->Arg(64)->Arg(96)->Arg(1024);
BENCHMARK(BM_nolock)->Arg(64)->Arg(96)->Arg(1024);

}  // namespace

BENCHMARK_MAIN();
