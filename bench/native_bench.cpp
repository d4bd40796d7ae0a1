// Native allocation beside other allocators, in one process and run.
//
//   pair/ALLOCATOR/SIZE    one alloc and one free of the same object
//   batch/ALLOCATOR/SIZE   the same for 512 objects at once, per object: caches run out.
//                          Our nolock frees defer what they cannot do, so ours polls then
//
// Whose functions are called: mimalloc's by its own names; jemalloc's as malloc() and free(), which
// are its own because it is linked first (checked below; it cannot be loaded at run time, and its
// mallocx() is slower); those of glibc by the names under which it keeps them. So all three are a
// call into a shared library. Ours is compiled into the caller, as in C++ programs; "c_..." is a
// call of the C interface. Ours are safe in signal handlers, the others are not.
#include <benchmark/benchmark.h>
#include <dlfcn.h>
#include <mimalloc.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "lib/native/anyctx/anyctx.h"
#include "lib/native/anyctx/heap.h"

extern "C" {
void* __libc_malloc(std::size_t);
void __libc_free(void*);
}

namespace {

using anyctx::Heap;
namespace gfp = anyctx::gfp;
namespace slab = anyctx::slab;

constexpr std::size_t kHeapBytes = std::size_t{64} << 20;
constexpr std::size_t kBatch = 512;
// Runs of one length can be interleaved: --benchmark_enable_random_interleaving=true.
constexpr std::int64_t kIterations = kBatch << 12;
constexpr std::int64_t kSizes[] = {8, 32, 64, 96, 256, 1024, 4096};

/// How a heap of ours is built. Each line of the table is measured.
struct Design {
  const char* name;
  slab::Config config;
};
const Design kDesigns[] = {
    {"classic", {}},
    {"classic_encoded", {.encoded_freelist = true}},
    {"sheaves", {.design = anyctx::slab::Design::sheaves}},
};

/// Threads that Google Benchmark starts end after each run: their CPU number is for others then.
class ThreadScope {
 public:
  explicit ThreadScope(const benchmark::State& state) : is_main_(state.thread_index() == 0) {}
  ~ThreadScope() {
    if (!is_main_) Heap::detach_thread();
  }
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  const bool is_main_;
};

template <class Alloc, class Free>
void pair(benchmark::State& state, Alloc alloc, Free free) {
  const ThreadScope scope(state);
  const auto size = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    void* object = alloc(size);
    benchmark::DoNotOptimize(object);
    free(object);
  }
  state.SetItemsProcessed(state.iterations());
}

template <class Alloc, class Free, class Settle>
void batch(benchmark::State& state, Alloc alloc, Free free, Settle settle) {
  const ThreadScope scope(state);
  const auto size = static_cast<std::size_t>(state.range(0));
  std::array<void*, kBatch> objects;
  std::int64_t failed = 0;  // who does not wait fails where two threads meet
  while (state.KeepRunningBatch(kBatch)) {
    for (void*& object : objects) object = alloc(size);
    for (void*& object : objects) {
      failed += object == nullptr ? 1 : 0;
      free(object);
    }
    settle();
  }
  state.counters["failed"] =
      benchmark::Counter(static_cast<double>(failed), benchmark::Counter::kAvgIterations);
  state.SetItemsProcessed(state.iterations());
}

/// What others on the machine do only adds to a figure.
double least(const std::vector<double>& repetitions) {
  return *std::min_element(repetitions.begin(), repetitions.end());
}

constexpr auto kNothing = [] {};

template <class Alloc, class Free, class Settle = decltype(kNothing)>
void add(const std::string& allocator, Alloc alloc, Free free, Settle settle = kNothing) {
  const auto run_pair = [=](benchmark::State& state) { pair(state, alloc, free); };
  auto* const pairs = benchmark::RegisterBenchmark(("pair/" + allocator).c_str(), run_pair);
  for (const std::int64_t size : kSizes) pairs->Arg(size);
  const auto run_batch = [=](benchmark::State& state) { batch(state, alloc, free, settle); };
  auto* const batches = benchmark::RegisterBenchmark(("batch/" + allocator).c_str(), run_batch);
  for (const std::int64_t size : {64, 1024}) batches->Arg(size);
  for (auto* const each : {pairs, batches})
    each->ThreadRange(1, 2)->Iterations(kIterations)->ComputeStatistics("min", least);
}

Heap* heap_of(const Design& design) {
  Heap::Options options;
  options.slab = design.config;
  options.populate = true;
  Heap* const heap = Heap::create(kHeapBytes, options).release();  // lives as long as the others'
  if (heap == nullptr) std::abort();
  return heap;
}

void add_ours(const Design& design) {
  Heap* const heap = heap_of(design);
  const std::string name = design.name;
  const auto kmalloc_nolock = [=](std::size_t n) { return heap->kmalloc_nolock(n); };
  const auto kfree_nolock = [=](void* p) { heap->kfree_nolock(p); };
  add(name + "_nolock", kmalloc_nolock, kfree_nolock, [=] { heap->poll(); });
  const auto kmalloc = [=](std::size_t n) { return heap->kmalloc(n, gfp::nowait); };
  const auto kfree = [=](void* p) { heap->kfree(p); };
  add(name + "_kmalloc", kmalloc, kfree);
}

void add_c_interface() {
  anyctx_heap* const heap = anyctx_heap_create(kHeapBytes, ANYCTX_HEAP_POPULATE);
  if (heap == nullptr) std::abort();
  const auto alloc = [=](std::size_t n) { return anyctx_alloc_nolock(heap, n, 0); };
  const auto free = [=](void* p) { anyctx_free_nolock(heap, p); };
  add("c_nolock", alloc, free, [=] { anyctx_poll(heap); });
}

void check_whose_malloc() {
  Dl_info info;
  void* const symbol = dlsym(RTLD_DEFAULT, "malloc");
  if (dladdr(symbol, &info) == 0 ||
      std::string_view(info.dli_fname).find("jemalloc") == std::string_view::npos) {
    std::fprintf(stderr, "native-bench: malloc() is not jemalloc's\n");
    std::exit(1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  check_whose_malloc();
  add("mimalloc", mi_malloc, mi_free);
  const auto je_malloc = [](std::size_t n) { return std::malloc(n); };
  add("jemalloc", je_malloc, [](void* p) { std::free(p); });
  add("glibc", __libc_malloc, __libc_free);
  for (const Design& design : kDesigns) add_ours(design);
  add_c_interface();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
