// AllocPath: how an object leaves its slab. Source: Linux 6.18 mm/slub.c (__slab_alloc_node,
// ___slab_alloc).
#pragma once

#include "lib/slab/cpu_flush.h"
#include "lib/slab/debug_path.h"
#include "lib/slab/deferred.h"
#include "lib/slab/hand_out.h"
#include "lib/slab/partial_lists.h"

namespace anyctx::slab {

template <machine::Machine M>
class AllocPath {
 public:
  void init(SlabSource<M>& source, PartialLists<M>& lists, DebugPath<M>& debug,
            Deferred<M>& deferred, CpuFlush<M>& flush) {
    source_ = &source;
    lists_ = &lists;
    debug_ = &debug;
    deferred_ = &deferred;
    flush_ = &flush;
  }

  /// An object of the cache, or null; zero if the request says so, otherwise its contents are
  /// undefined. With Spin::never: any context where sync::can_spin_trylock(), RT: preemptible
  /// tasks.
  [[gnu::always_inline]] void* allocate(Cache<M>& cache, const Request& request) {
    if (request.spin == page::Spin::never && is_cpu_busy(cache)) return nullptr;
    if (has_lockless_fast_path<M>()) [[likely]] {
      void* const object = pop_lockless(cache, request.nid);
      if (object != nullptr) [[likely]] {
        hand_out(cache, request, object);
        return object;
      }
    }
    return slow(cache, request);
  }

 private:
  /// How a stage of the slow path ended. `again`: another frame changed what the stage relied on.
  /// `busy`: an outer frame holds the CPU's lock, or somebody holds the slab's.
  enum class Outcome : std::uint8_t { taken, none, again, busy };
  struct Taken {
    Outcome outcome;
    void* object = nullptr;
  };

  static bool fits(const Slab<M>& slab, int nid) {
    return nid < 0 || slab.node == static_cast<unsigned>(nid);
  }

  /// From the freelist of whatever CPU this is. Null: it is empty, or of the wrong node.
  static void* pop_lockless(Cache<M>& cache, int nid) {
    for (;;) {
      const CpuSlab<M>& cpu = cache.cpus().here();
      const std::uint64_t tid = cpu.load_tid();
      void* const object = cpu.load_freelist();
      const Slab<M>* const slab = cpu.slab.load(std::memory_order_relaxed);
      if (object == nullptr || slab == nullptr || !fits(*slab, nid)) [[unlikely]]
        return nullptr;
      // Garbage if the object was taken meanwhile; then the tid has changed.
      void* const next = cache.next_free(object);
      machine::Pair expected = CpuSlab<M>::pack(object, tid);
      if (M::cpu_cas2(
              site::cpu_pair, [&cache] { return &cache.cpus().here().pair; }, expected,
              CpuSlab<M>::pack(next, tid + CpuSlab<M>::kTidStep))) [[likely]] {
        return object;
      }
    }
  }

  [[gnu::noinline]] void* slow(Cache<M>& cache, Request request) {
    if (request.spin == page::Spin::allowed) {
      deferred_->poll();
      flush_->poll(cache);
    }
    void* const object =
        cache.is_debug() ? debug_->allocate(cache, request) : slow_unpinned(cache, request);
    if (object != nullptr) hand_out(cache, request, object);
    return object;
  }

  void* slow_unpinned(Cache<M>& cache, const Request& request) {
    sync::pin_cpu<M>();
    void* const object = slow_pinned(cache, request);
    sync::unpin_cpu<M>();
    return object;
  }

  void* slow_pinned(Cache<M>& cache, Request request) {
    for (;;) {
      Taken taken = from_cpu_slab(cache, request);
      if (taken.outcome == Outcome::none) taken = from_cpu_partial(cache, request);
      if (taken.outcome == Outcome::none) return from_nodes(cache, request);
      if (taken.outcome != Outcome::again) return taken.object;
    }
  }

  /// From the slab that this CPU owns. Node mismatches only matter to callers that may spin: they
  /// make the CPU give the slab up.
  Taken from_cpu_slab(Cache<M>& cache, Request& request) {
    Slab<M>* const slab = cache.cpus().here().slab.load(std::memory_order_relaxed);
    if (slab == nullptr) return {Outcome::none};
    if (!fits(*slab, request.nid)) {
      if (request.spin == page::Spin::allowed) return give_up_cpu_slab(cache, slab);
      request.nid = page::kNoNode;
    }
    CpuSection<M> section(cache, request.spin);
    if (!section) return {Outcome::busy};
    if (section->slab.load(std::memory_order_relaxed) != slab) return {Outcome::again};
    void* first = section->load_freelist();
    if (first == nullptr) {
      const std::optional<void*> freelist = PartialLists<M>::take_freelist(*slab, request.spin);
      if (!freelist) return {Outcome::busy};
      first = *freelist;
    }
    if (first == nullptr) {
      // Full, and thereby nobody's: the next free will find a list for it.
      section->slab.store(nullptr, std::memory_order_relaxed);
      section->set_freelist(nullptr);
      return {Outcome::none};
    }
    return {Outcome::taken, section.pop(first)};
  }

  Taken give_up_cpu_slab(Cache<M>& cache, Slab<M>* slab) {
    void* freelist = nullptr;
    {
      CpuSection<M> section(cache, page::Spin::allowed);
      if (section->slab.load(std::memory_order_relaxed) != slab) return {Outcome::again};
      freelist = detach(section);
    }
    lists_->deactivate(cache, *slab, freelist);
    return {Outcome::none};
  }

  /// Leaves the CPU without a slab; returns what was left of its freelist.
  static void* detach(CpuSection<M>& section) {
    void* const freelist = section->load_freelist();
    section->slab.store(nullptr, std::memory_order_relaxed);
    section->set_freelist(nullptr);
    return freelist;
  }

  /// From the chain of this CPU: its first slab becomes the CPU's slab.
  Taken from_cpu_partial(Cache<M>& cache, const Request& request) {
    while (cache.cpus().here().partial.load(std::memory_order_relaxed) != nullptr) {
      Slab<M>* slab = nullptr;
      {
        CpuSection<M> section(cache, request.spin);
        if (!section) return {Outcome::busy};
        if (section->slab.load(std::memory_order_relaxed) != nullptr) return {Outcome::again};
        slab = section->partial.load(std::memory_order_relaxed);
        if (slab == nullptr) return {Outcome::none};
        std::optional<void*> freelist;
        const bool is_wanted = request.spin == page::Spin::never || fits(*slab, request.nid);
        if (is_wanted) {
          freelist = PartialLists<M>::take_freelist(*slab, request.spin);
          if (!freelist) return {Outcome::busy};
        }
        section->partial.store(slab->chain, std::memory_order_relaxed);
        slab->chain = nullptr;
        if (is_wanted) {
          section->slab.store(slab, std::memory_order_relaxed);
          return {Outcome::taken, section.pop(*freelist)};
        }
      }
      lists_->put_on_nodes(cache, slab);
    }
    return {Outcome::none};
  }

  /// From a slab of a node's list, else from a new slab; first of the requested node only, then of
  /// any. Null if there is no memory, or if a lock that was only tried was taken.
  void* from_nodes(Cache<M>& cache, const Request& request) {
    return near_first(request,
                      [&](const Request& attempt) { return from_nodes_once(cache, attempt); });
  }

  void* from_nodes_once(Cache<M>& cache, const Request& request) {
    typename PartialLists<M>::FromNode from = lists_->take(cache, request);
    if (!from) {
      from.slab = create_unpinned(cache, request);
      if (!from) return nullptr;
      from.freelist = own_new(cache, *from.slab);
    }
    void* const object = install(cache, *from.slab, from.freelist, request.spin);
    while (from.extra != nullptr) {
      Slab<M>& next = *from.extra;
      from.extra = next.chain;
      lists_->put_on_cpu(cache, next, PartialLists<M>::WhenFull::grow);
    }
    return object;
  }

  /// Pages may have to be waited for, so the CPU may change.
  Slab<M>* create_unpinned(Cache<M>& cache, const Request& request) {
    sync::unpin_cpu<M>();
    Slab<M>* const slab = source_->create(cache, request);
    sync::pin_cpu<M>();
    return slab;
  }

  /// Makes a new slab's objects the caller's. Nobody else knows the slab yet.
  static void* own_new(Cache<M>& cache, Slab<M>& slab) {
    const SlabState fresh = slab.peek();
    Counters counters = fresh.counters;
    counters.inuse = counters.objects;
    counters.frozen = true;
    slab.init({nullptr, counters});
    cache.node_of(slab).count(slab);
    return fresh.freelist;
  }

  /// Makes a frozen slab this CPU's and takes the first object of its freelist. If another frame
  /// gave the CPU a slab meanwhile, that one is displaced. Who only tries and finds the CPU's
  /// lock taken keeps the object and leaves the slab to the handler.
  void* install(Cache<M>& cache, Slab<M>& slab, void* freelist, page::Spin spin) {
    for (;;) {
      Slab<M>* displaced = nullptr;
      void* displaced_freelist = nullptr;
      {
        CpuSection<M> section(cache, spin);
        if (!section) {
          void* const rest = cache.next_free(freelist);
          deferred_->push_slab(slab, rest);
          return freelist;
        }
        displaced = section->slab.load(std::memory_order_relaxed);
        if (displaced == nullptr) {
          section->slab.store(&slab, std::memory_order_relaxed);
          return section.pop(freelist);
        }
        displaced_freelist = detach(section);
      }
      if (spin == page::Spin::allowed) {
        lists_->deactivate(cache, *displaced, displaced_freelist);
      } else {
        deferred_->push_slab(*displaced, displaced_freelist);
      }
    }
  }

  SlabSource<M>* source_ = nullptr;
  PartialLists<M>* lists_ = nullptr;
  DebugPath<M>* debug_ = nullptr;
  Deferred<M>* deferred_ = nullptr;
  CpuFlush<M>* flush_ = nullptr;
};

}  // namespace anyctx::slab
