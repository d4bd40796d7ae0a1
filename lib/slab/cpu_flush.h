// CpuFlush: makes every CPU give up what it has cached of a cache, while others use the cache.
// Source: Linux 6.18 mm/slub.c (flush_all_cpus_locked, flush_cpu_slab).
//
// What a CPU has cached, only code on that CPU can take. So the others are asked: each has a work
// that runs there. A machine without workers leaves the request to the owner, who polls; whether he
// ever does is not known, so nobody waits for him.
#pragma once

#include "lib/defer/workqueue.h"
#include "lib/slab/partial_lists.h"
#include "lib/slab/sheaf_path.h"

namespace anyctx::slab {

template <machine::Machine M>
class CpuFlush {
 public:
  /// Single-threaded.
  void init(PartialLists<M>& lists, SheafPath<M>& sheaves) {
    lists_ = &lists;
    sheaves_ = &sheaves;
    cache_ = nullptr;
    std::construct_at(&mutex_);
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      Request& request = *std::construct_at(&requests_.of(cpu));
      request.owner = this;
      request.work.init([](void* r) { static_cast<Request*>(r)->run(); }, &request);
    }
  }

  /// Gives up what the CPU this runs on has cached. Others may use the cache meanwhile. May spin;
  /// of a cache with sheaves: task context.
  void flush_here(Cache<M>& cache) {
    if (cache.has_sheaves()) {
      static_cast<void>(flush_sheaves(cache, page::Spin::allowed));
      return;
    }
    Held held;
    {
      CpuSection<M> section(cache, page::Spin::allowed);
      held = take(*section.operator->());
    }
    give_up(cache, held);
  }

  /// The same for all CPUs; what they cache from now on stays. With workers, it is done when this
  /// returns. Sleeps: preemptible tasks only.
  void flush_everywhere(Cache<M>& cache) {
    flush_here(cache);
    if (!M::has_workers()) return leave_requests(cache);
    run_everywhere(cache, &CpuFlush::flush_here,
                   [&](unsigned cpu) { return has_something(cache, cpu); });
  }
  /// Has every CPU submit the sheaves in which objects wait for more, of this cache and those
  /// linked behind it. What was freed before waits for a grace period when this returns. No look
  /// from here can spare a CPU that: one that submits just now has nothing any more, and is not
  /// done. Sleeps: preemptible tasks only.
  void submit_everywhere(Cache<M>& first) {
    if (M::has_workers())
      run_everywhere(first, &CpuFlush::submit_here, [](unsigned) { return true; });
  }

  /// For a cache that nobody else uses any more. May spin.
  void flush_unused(Cache<M>& cache) {
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      if (cache.has_sheaves()) {
        sheaves_->release(cache, sheaves_->detach(cache.sheaves().of(cpu)));
      } else {
        give_up(cache, take(cache.cpus().of(cpu)));
      }
    }
  }

  /// Does what was left to this CPU, on machines without workers. May spin.
  void poll(Cache<M>& cache) {
    if (M::has_workers()) return;
    if (cache.cpus().here().flush_wanted.load(std::memory_order_relaxed) == 0) return;
    if (cache.cpus().here().flush_wanted.exchange(0) == 0) return;
    if (!cache.has_sheaves()) return flush_here(cache);
    // Whoever polls may have interrupted a section.
    if (!flush_sheaves(cache, page::Spin::never)) cache.cpus().here().flush_wanted.store(1);
  }

 private:
  /// False if the lock was only tried and is taken.
  [[nodiscard]] bool flush_sheaves(Cache<M>& cache, page::Spin spin) {
    typename SheafPath<M>::Detached detached;
    {
      SheafSection<M> cpu(cache.sheaves(), spin);
      if (!cpu) return false;
      detached = sheaves_->detach(*cpu);
    }
    sheaves_->release(cache, detached);
    return true;
  }

  /// In this CPU's worker nobody else is inside of a section of this CPU, unless sections sleep.
  void submit_here(Cache<M>& first) {
    for (Cache<M>* cache = &first; cache != nullptr; cache = cache->next_cache) {
      if (!cache->has_sheaves()) continue;
      if (!M::rt() && cache->sheaves().here().load_waiting() == nullptr) continue;
      SheafSection<M> cpu(cache->sheaves(), page::Spin::allowed);
      sheaves_->submit(*cpu);
    }
  }
  /// In a worker of each CPU that `is_needed`.
  template <class Needed>
  void run_everywhere(Cache<M>& cache, void (CpuFlush::*what)(Cache<M>&), Needed is_needed) {
    mutex_.lock();
    cache_ = &cache;
    what_ = what;
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      if (is_needed(cpu)) requests_.of(cpu).work.schedule_on(cpu);
    }
    // A work that was not asked for is over at once.
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) requests_.of(cpu).work.flush();
    cache_ = nullptr;
    mutex_.unlock();
  }

  struct Request {
    void run() { (owner->*owner->what_)(*owner->cache_); }
    CpuFlush* owner = nullptr;
    defer::Work<M> work;
  };
  struct Held {
    Slab<M>* slab = nullptr;
    void* freelist = nullptr;
    Slab<M>* chain = nullptr;
  };

  /// A hint about a CPU that goes on meanwhile.
  bool has_something(Cache<M>& cache, unsigned cpu) const {
    if (cache.has_sheaves()) {
      const CpuSheaves<M>& other = cache.sheaves().of(cpu);
      return sheaves_->is_real(other.load_main()) || other.load_waiting() != nullptr;
    }
    const CpuSlab<M>& other = cache.cpus().of(cpu);
    if (other.slab.load(std::memory_order_relaxed) != nullptr) return true;
    return other.partial.load(std::memory_order_relaxed) != nullptr;
  }
  void leave_requests(Cache<M>& cache) {
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      if (has_something(cache, cpu)) cache.cpus().of(cpu).flush_wanted.store(1);
    }
  }

  static Held take(CpuSlab<M>& cpu) {
    Held held;
    held.slab = cpu.slab.load(std::memory_order_relaxed);
    held.freelist = cpu.load_freelist();
    held.chain = cpu.partial.load(std::memory_order_relaxed);
    cpu.slab.store(nullptr, std::memory_order_relaxed);
    cpu.partial.store(nullptr, std::memory_order_relaxed);
    cpu.set_freelist(nullptr);
    return held;
  }
  void give_up(Cache<M>& cache, const Held& held) {
    if (held.slab != nullptr) lists_->deactivate(cache, *held.slab, held.freelist);
    lists_->put_on_nodes(cache, held.chain);
  }

  PartialLists<M>* lists_ = nullptr;
  SheafPath<M>* sheaves_ = nullptr;
  Cache<M>* cache_ = nullptr;                    // flush mutex: what the works are for
  void (CpuFlush::*what_)(Cache<M>&) = nullptr;  // and what they do
  sync::Mutex<M, site::flush_mutex> mutex_;
  machine::PerCpu<M, Request> requests_;
};

}  // namespace anyctx::slab
