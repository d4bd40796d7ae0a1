// The tables of docs/choosing.md: what elements cost that any context may allocate and free, in
// memory and in time, and when there is none. No google benchmark: half of it is no time.
//
//   memory   pages in use with so many of 10,000 elements live
//   time     one allocation and one free, the least of some repetitions, CPU time
//   bursts   allocations in a handler, in which no refill comes: how many are refused
//   nested   a handler allocates once at each point of another allocation or free, simulated:
//            how many of these are refused. The same on every run
#include <csignal>
#include <ctime>

#include <algorithm>
#include <string>

#include "bench/choosing_ways.h"
#include "fuzzers/engine/runner.h"
#include "fuzzers/ops/points.h"
#include "fuzzers/ops/text.h"
#include "fuzzers/targets/registry.h"

namespace anyctx::bench {
namespace {

constexpr std::size_t kSmall = 96;
constexpr std::size_t kLarge = 2000;

// Handlers. What one does is passed by the thread that raises the signal.

struct Handled {
  void (*run)(void* context) = nullptr;
  void* context = nullptr;
};
Handled handled;

void in_handler(void (*run)(void*), void* context) {
  handled = {run, context};
  require(std::raise(SIGUSR1) == 0, "no signals");
}
void install_handler() {
  struct sigaction action = {};
  action.sa_handler = [](int) { handled.run(handled.context); };
  require(sigaction(SIGUSR1, &action, nullptr) == 0, "no signals");
}

template <class Way>
void take(Way& way, std::vector<void*>& live, std::size_t count) {
  // As in tasks, where what is missing comes before the next attempt.
  for (int attempt = 0; live.size() < count; ++attempt) {
    void* const element = way.alloc();
    if (element != nullptr) {
      live.push_back(element);
      attempt = 0;
    } else {
      way.settle();
    }
    require(attempt < 100, "elements cannot be had");
  }
}
template <class Way>
void give(Way& way, std::vector<void*>& live, std::size_t count) {
  for (std::size_t freed = 0; live.size() > count; ++freed) {
    way.free(live.back());
    live.pop_back();
    if (freed % 32 == 0) way.settle();
  }
  way.settle();
  way.settle();
}

template <class Way>
void print_memory(std::size_t size) {
  Way way(size);
  std::vector<void*> live;
  live.reserve(kElements);
  std::printf("| %s |", Way::kName);
  for (const std::uint32_t count : {kElements / 100, kElements / 2, kElements}) {
    take(way, live, count);
    way.settle();
    std::printf(" %zu |", way.held() / 1024);
  }
  give(way, live, kElements / 100);
  std::printf(" %zu |\n", way.held() / 1024);
  give(way, live, 0);
}

double cpu_ns() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

/// Nanoseconds for each of `count` calls.
template <class F>
double least_time(std::size_t count, F f) {
  double least = 1e9;
  for (int repetition = 0; repetition < 25; ++repetition) {
    const double begin = cpu_ns();
    f();
    least = std::min(least, (cpu_ns() - begin) / static_cast<double>(count));
  }
  return least;
}

template <class Way>
struct Pairs {
  static constexpr std::size_t kCount = 100'000;

  static void run(void* context) {
    auto& self = *static_cast<Pairs*>(context);
    self.ns = least_time(kCount, [&] {
      for (std::size_t i = 0; i < kCount; ++i) {
        void* const element = self.way.alloc();
        asm volatile("" : : "r"(element) : "memory");
        self.way.free(element);
      }
    });
  }

  Way& way;
  double ns = 0;
};

/// Ten at a time, as many times as every way can without a refill; then what is left to do.
template <class Way>
double batch_time(Way& way) {
  constexpr std::size_t kBatch = 24;
  constexpr std::size_t kBatches = 1000;
  return least_time(kBatch * kBatches, [&] {
    for (std::size_t batch = 0; batch < kBatches; ++batch) {
      void* elements[kBatch];
      for (void*& element : elements) element = way.alloc();
      for (void* const element : elements) way.free(element);
      if constexpr (requires { way.refill(); }) way.refill();
    }
  });
}

template <class Way>
void print_time() {
  Way way(kSmall);
  std::vector<void*> live;
  take(way, live, 64);
  way.settle();
  Pairs<Way> task{way};
  Pairs<Way>::run(&task);
  Pairs<Way> handler{way};
  in_handler(Pairs<Way>::run, &handler);
  std::printf("| %s | %.1f | %.1f | %.1f |\n", Way::kName, task.ns, handler.ns, batch_time(way));
  give(way, live, 0);
}

template <class Way>
struct Burst {
  static void run(void* context) {
    auto& self = *static_cast<Burst*>(context);
    for (void*& element : self.elements) element = self.way.alloc();
  }

  Way& way;
  std::vector<void*> elements;
};

template <class Way>
void print_bursts(std::size_t size, std::size_t in_use) {
  Way way(size);
  std::vector<void*> live;
  take(way, live, in_use);
  way.settle();
  std::printf("| %s |", Way::kName);
  for (const std::size_t count : {10, 50, 100, 1000, 5000}) {
    constexpr int kRounds = 10;
    std::size_t refused = 0;
    for (int round = 0; round < kRounds; ++round) {
      Burst<Way> burst{way, std::vector<void*>(count)};
      in_handler(Burst<Way>::run, &burst);
      std::vector<void*> got;
      std::ranges::copy_if(burst.elements, std::back_inserter(got), [](void* p) { return p; });
      refused += count - got.size();
      give(way, got, 0);
    }
    std::printf(" %.1f %% |",
                100.0 * static_cast<double>(refused) / static_cast<double>(kRounds * count));
  }
  std::printf("\n");
  give(way, live, 0);
}

// Nested: an NMI at each point of a program's operations.

struct Nested {
  const char* name;
  const char* target;
  const char* text;     // three operations of a task are interrupted
  const char* handler;  // the operation that is counted
  unsigned first = 0;   // of the operations
};

// Elements of 96 bytes. The first allocation has to make a slab or finds a full list, the second
// has what it needs at hand.
constexpr Nested kNested[] = {
    {"preallocated, per-CPU lists, in a hash table", "hashtab",
     "anyctx 1 target=hashtab cpus=2 entries=8\n"
     "task0: update(key0)\n update(key1)\n remove(key1)\nnmi0: update(key2)\n",
     "update"},
    {"kmalloc_nolock, in a hash table", "hashtab",
     "anyctx 1 target=hashtab cpus=2 entries=8 prealloc=no\n"
     "task0: update(key0)\n update(key1)\n remove(key1)\nnmi0: update(key2)\n",
     "update"},
    {"bpf_mem_alloc", "mem_alloc",
     "anyctx 1 target=mem_alloc cpus=2 size=96\n"
     "task0: a = alloc(96)\n a = alloc(96)\n free(a)\nnmi0: b = alloc(96)\n",
     "alloc"},
    {"kmalloc_nolock", "slab",
     "anyctx 1 target=slab cpus=2\n"
     "task0: a = kmalloc_nolock(96)\n a = kmalloc_nolock(96)\n kfree_nolock(a)\n"
     "nmi0: b = kmalloc_nolock(96)\n",
     "kmalloc_nolock"},
    {"one cache", "slab",
     "anyctx 1 target=slab cpus=2\n"
     "task0: kmem_cache_create(cache0, 96)\n a = kmem_cache_alloc_nolock(cache0)\n"
     " a = kmem_cache_alloc_nolock(cache0)\n kmem_cache_free_nolock(a)\n"
     "nmi0: b = kmem_cache_alloc_nolock(cache0)\n",
     "kmem_cache_alloc_nolock", 1},
};

/// One more visit of one point: whether the handler ran there, and whether it was refused.
struct Hit {
  bool happened = false;
  bool refused = false;
};
Hit hit_at(engine::Runner& runner, program::Program program, unsigned op, machine::PointId point,
           std::uint16_t occurrence, std::size_t counted) {
  program.decisions = {
      {.where = {.lane = {}, .op = static_cast<std::uint8_t>(op)},
       .point = point,
       .occurrence = occurrence,
       .action = {.kind = inject::ActionKind::enter, .lane = {inject::LaneKind::nmi, 0}}}};
  const std::uint64_t failed = runner.op_mix().by_code[counted].failed;
  const engine::RunResult result = runner.run(program);
  require(!result.verdict, "a finding");
  return {!runner.simulation().taken().empty(), runner.op_mix().by_code[counted].failed != failed};
}

void print_nested(const Nested& nested) {
  const engine::Target& target = *target::find_target(nested.target);
  const program::Schema& schema = *target.schema;
  const program::ParsedText parsed = program::parse_text(schema, nested.text);
  require(parsed.program.has_value(), nested.text);
  const auto named =
      std::ranges::find(schema.ops, std::string_view(nested.handler), &program::OpSpec::name);
  const auto counted = static_cast<std::size_t>(named - schema.ops.begin());
  engine::Runner runner(target);
  std::printf("| %s |", nested.name);
  for (unsigned op = nested.first; op < nested.first + 3; ++op) {
    unsigned hits = 0;
    unsigned refused = 0;
    for (const machine::PointId point : program::listed_points(schema)) {
      for (std::uint16_t occurrence = 1;; ++occurrence) {
        const Hit hit = hit_at(runner, *parsed.program, op, point, occurrence, counted);
        if (!hit.happened) break;
        ++hits;
        refused += hit.refused ? 1 : 0;
      }
    }
    std::printf(" %u of %u |", refused, hits);
  }
  std::printf("\n");
}

template <class F>
void for_each_way(F f) {
  f.template operator()<Preallocated>();
  f.template operator()<MemAllocated>();
  f.template operator()<Nolock>();
  f.template operator()<Typesafe>();
}

void run() {
  install_handler();
  for (const std::size_t size : {kSmall, kLarge}) {
    std::printf("KiB held for %u elements of %zu bytes, %u possible CPUs\n\n", kElements, size,
                Native::kMaxCpus);
    std::printf("| | 1 %% in use | 50 %% | 100 %% | 1 %% again |\n|---|---|---|---|---|\n");
    for_each_way([&]<class Way>() { print_memory<Way>(size); });
    std::printf("\n");
  }

  std::printf("Nanoseconds for one allocation and one free, %zu bytes\n\n", kSmall);
  std::printf("| | in a task | in a handler | 24 at a time |\n|---|---|---|---|\n");
  for_each_way([]<class Way>() { print_time<Way>(); });

  for (const std::size_t size : {kSmall, kLarge}) {
    for (const std::uint32_t percent : {1u, 95u}) {
      std::printf("\nRefused in a burst: %zu bytes, %u %% of %u in use before\n\n", size, percent,
                  kElements);
      std::printf("| | 10 | 50 | 100 | 1000 | 5000 |\n|---|---|---|---|---|---|\n");
      for_each_way([&]<class Way>() { print_bursts<Way>(size, kElements / 100 * percent); });
    }
  }

  std::printf("\nRefused in an NMI, at how many of the points of what it interrupts\n\n");
  std::printf("| | first allocation | second | free |\n|---|---|---|---|\n");
  for (const Nested& nested : kNested) print_nested(nested);
}

}  // namespace
}  // namespace anyctx::bench

int main() {
  anyctx::bench::run();
}
