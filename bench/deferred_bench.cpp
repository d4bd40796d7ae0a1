// Objects that are freed after a grace period: allocated, handed over, and now and then waited
// for. Per object; the argument is how many objects one wait is for.
//
// CPU time is that of the process: liburcu does its frees in a thread of its own. Real time
// includes the waits. malloc() is that of glibc. No reader is in a section.
//
//   free            malloc(), free(): what everything costs but the grace period
//   urcu_call_rcu   malloc(), call_rcu(), rcu_barrier(): liburcu, as its users do it
//   kfree_rcu       kmalloc_nolock(), kfree_rcu_nolock(), grace_barrier()
//   kfree_nolock    kmalloc_nolock(), kfree_nolock(): ours without a grace period
#include <benchmark/benchmark.h>
#include <urcu/urcu-memb.h>

#include <cstdlib>
#include <vector>

#include "lib/native/anyctx/heap.h"

namespace {

using anyctx::Heap;

struct Object {
  rcu_head head;
  char content[64 - sizeof(rcu_head)];
};
static_assert(sizeof(Object) == 64);

/// All objects of a batch are live before the first is handed over, as where they replace others.
template <class Alloc, class Defer, class Barrier>
void deferred(benchmark::State& state, Alloc alloc, Defer defer, Barrier barrier) {
  std::vector<Object*> objects(static_cast<std::size_t>(state.range(0)));
  while (state.KeepRunningBatch(state.range(0))) {
    for (Object*& object : objects) {
      object = static_cast<Object*>(alloc(sizeof(Object)));
      if (object == nullptr) return state.SkipWithError("no memory");
    }
    for (Object* const object : objects) defer(object);
    barrier();
  }
  state.SetItemsProcessed(state.iterations());
}

void free_at_once(benchmark::State& state) {
  deferred(state, std::malloc, std::free, [] {});
}

void free_object(rcu_head* head) {
  std::free(head);  // the first member
}
void urcu_call_rcu(benchmark::State& state) {
  urcu_memb_register_thread();
  deferred(
      state, std::malloc, [](Object* object) { urcu_memb_call_rcu(&object->head, free_object); },
      urcu_memb_barrier);
  urcu_memb_unregister_thread();
}

Heap::Owner make_heap() {
  Heap::Options options;
  options.populate = true;
  return Heap::create(std::size_t{64} << 20, options);
}

void kfree_rcu_nolock(benchmark::State& state) {
  const Heap::Owner heap = make_heap();
  if (heap == nullptr) return state.SkipWithError("no heap");
  deferred(
      state, [&](std::size_t size) { return heap->kmalloc_nolock(size); },
      [&](Object* object) {
        heap->kfree_rcu_nolock(reinterpret_cast<anyctx::Heap::Head*>(&object->head));
      },
      [&] { heap->grace_barrier(); });
}

void kfree_nolock(benchmark::State& state) {
  const Heap::Owner heap = make_heap();
  if (heap == nullptr) return state.SkipWithError("no heap");
  deferred(
      state, [&](std::size_t size) { return heap->kmalloc_nolock(size); },
      [&](Object* object) { heap->kfree_nolock(object); }, [&] { heap->barrier(); });
}

constexpr auto kBatches = [](benchmark::internal::Benchmark* each) {
  each->RangeMultiplier(16)->Range(64, 65536)->MeasureProcessCPUTime()->UseRealTime();
};
BENCHMARK(free_at_once)->Name("free")->Apply(kBatches);
BENCHMARK(urcu_call_rcu)->Apply(kBatches);
BENCHMARK(kfree_rcu_nolock)->Apply(kBatches);
BENCHMARK(kfree_nolock)->Apply(kBatches);

}  // namespace

BENCHMARK_MAIN();
