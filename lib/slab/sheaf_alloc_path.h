// SheafAllocPath: how an object is allocated where CPUs have sheaves. Source: Linux 7.3 mm/slub.c
// (slab_alloc_node, ___slab_alloc, __pcs_replace_empty_main).
#pragma once

#include "lib/slab/cpu_flush.h"
#include "lib/slab/deferred.h"

namespace anyctx::slab {

template <machine::Machine M>
class SheafAllocPath {
 public:
  void init(SingleObjects<M>& singles, SheafPath<M>& sheaves, Deferred<M>& deferred,
            CpuFlush<M>& flush) {
    singles_ = &singles;
    sheaves_ = &sheaves;
    deferred_ = &deferred;
    flush_ = &flush;
  }

  /// As AllocPath::allocate(), but on RT in every task.
  void* allocate(Cache<M>& cache, const Request& request) {
    using Miss = typename SheafPath<M>::Miss;
    Miss miss = Miss::elsewhere;
    if (cache.has_sheaves()) [[likely]] {
      const auto popped = sheaves_->pop(cache, request);
      if (popped.object != nullptr) [[likely]] {
        hand_out(cache, request, popped.object);
        return popped.object;
      }
      if (request.only_cached) return nullptr;
      miss = popped.miss;
    }
    return slow(cache, request, miss == Miss::dry);
  }

 private:
  /// The object is taken from a slab before sheaves are filled: those are for the calls to come,
  /// and this one must not fail for lack of memory that they took.
  [[gnu::noinline]] void* slow(Cache<M>& cache, const Request& request, bool is_dry) {
    const bool may_spin = request.spin == page::Spin::allowed;
    if (may_spin) {
      deferred_->poll();
      flush_->poll(cache);
    }
    void* const object = singles_->take_one(cache, request);
    if (object == nullptr) return nullptr;
    if (may_spin && is_dry) sheaves_->refill(cache, page::gfp::nowait);
    hand_out(cache, request, object);
    return object;
  }

  SingleObjects<M>* singles_ = nullptr;
  SheafPath<M>* sheaves_ = nullptr;
  Deferred<M>* deferred_ = nullptr;
  CpuFlush<M>* flush_ = nullptr;
};

}  // namespace anyctx::slab
