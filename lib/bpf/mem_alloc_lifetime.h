// MemAlloc: creation and destruction.
#pragma once

#include <utility>

#include "lib/bpf/mem_alloc.h"

namespace anyctx::bpf {

template <machine::Machine M>
int MemAlloc<M>::create(const MemCacheEnv<M>& env, std::uint32_t size) {
  if (size > kMaxMemSize) return -E2BIG;
  void* const memory = M::fails(site::mem_struct, false)
                           ? nullptr
                           : env.slabs->kmalloc(sizeof(Core), page::gfp::kernel);
  if (memory == nullptr) return -ENOMEM;
  Core* const core = ::new (memory) Core{env};
  bool is_complete = true;
  if (size != 0) {
    is_complete = core->add_size(size + static_cast<std::uint32_t>(kMemHeader));
  } else {
    for (const std::uint32_t unit : kMemUnits) is_complete = is_complete && core->add_size(unit);
  }
  if (!is_complete) {
    core->env.destructor.free_context = nullptr;  // the caller's still
    core->for_each([](Cache& cache) { cache.drain(); });
    core->free();
    return -ENOMEM;
  }
  core_ = core;
  return 0;
}

template <machine::Machine M>
bool MemAlloc<M>::Core::add_size(std::uint32_t unit) {
  void* const memory = M::fails(site::mem_struct, false)
                           ? nullptr
                           : env.slabs->kmalloc(M::cpus() * sizeof(Cache), page::gfp::kernel);
  if (memory == nullptr) return false;
  caches[sizes] = static_cast<Cache*>(memory);
  for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
    ::new (caches[sizes] + cpu) Cache(env, MemShape::of(unit), sizes, cpu);
    caches[sizes][cpu].prefill();
  }
  ++sizes;
  return true;
}

/// Nothing is under way. Every context that may spin.
template <machine::Machine M>
void MemAlloc<M>::Core::free() {
  const MemDestructor destructor = env.destructor;
  slab::SlabAllocator<M>& slabs = *env.slabs;
  if (destructor.free_context != nullptr) destructor.free_context(destructor.context);
  for (unsigned index = 0; index < sizes; ++index) slabs.kfree(caches[index]);
  slabs.kfree(this);
}

template <machine::Machine M>
void MemAlloc<M>::destroy() {
  M::might_sleep(site::mem_step);
  Core* const core = std::exchange(core_, nullptr);
  if (core == nullptr) return;
  core->for_each([](Cache& cache) { cache.stop(); });
  core->for_each([](Cache& cache) { cache.drain(); });
  // Who is in RCU may begin to wait for Tasks Trace, also for another cache's sake.
  bool is_busy = false;
  core->for_each([&](Cache& cache) { is_busy = cache.is_in_rcu() || is_busy; });
  core->for_each([&](Cache& cache) { is_busy = cache.is_tracing() || is_busy; });
  if (!is_busy) return core->free();
  void* const memory = M::fails(site::mem_remains, false)
                           ? nullptr
                           : core->env.slabs->kmalloc(sizeof(Remains), page::gfp::kernel);
  if (memory != nullptr) {
    auto* const remains = ::new (memory) Remains;
    remains->core = core;
    return remains->go_on();
  }
  core->env.grace->rcu.synchronize();
  core->env.grace->rcu.barrier();
  core->env.grace->srcu.barrier();
  core->free();
}

/// In a worker, after the first time.
template <machine::Machine M>
void MemAlloc<M>::Remains::go_on() {
  defer::Grace<M>& grace = *core->env.grace;
  const auto next = [](defer::RcuHead<M>* h) { reinterpret_cast<Remains*>(h)->go_on(); };
  switch (step++) {
    case 0:
    case 1:
      return grace.rcu.call(&head, next);
    case 2:
    case 3:
      return grace.srcu.call(&head, next);
    default:
      slab::SlabAllocator<M>& slabs = *core->env.slabs;
      core->free();
      slabs.kfree(this);
  }
}

}  // namespace anyctx::bpf
