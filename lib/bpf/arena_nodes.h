// ArenaNodes: nodes for an arena's range tree, from kmalloc_nolock, with one in reserve.
//
// Where nothing can be allocated with the arena's lock held (RT), or where memory is short while
// memory is given back, the reserve serves. An operation on a range tree needs one node at most.
#pragma once

#include "lib/bpf/range_node.h"
#include "lib/bpf/sites.h"
#include "lib/slab/slab_allocator.h"

namespace anyctx::bpf {

/// Every context. `slabs` is not owned.
template <machine::Machine M>
class ArenaNodes {
 public:
  void init(slab::SlabAllocator<M>& slabs) { slabs_ = &slabs; }

  void* allocate(std::size_t bytes) {
    ANYCTX_CHECK_OP(bytes, <=, sizeof(RangeNode));
    void* const node = slabs_->kmalloc_nolock(sizeof(RangeNode), page::gfp::account);
    return node != nullptr ? node : spare_.exchange(nullptr);
  }
  void release(void* node) {
    if (spare_.load(std::memory_order_relaxed) == nullptr) node = spare_.exchange(node);
    slabs_->kfree_nolock(node);
  }

  /// Without the arena's lock: it is then that allocations are most likely to succeed.
  void refill() {
    if (spare_.load(std::memory_order_relaxed) != nullptr) return;
    void* const node = slabs_->kmalloc_nolock(sizeof(RangeNode), page::gfp::account);
    if (node != nullptr) release(node);
  }
  /// Nobody else uses it any more.
  void destroy() { slabs_->kfree_nolock(spare_.exchange(nullptr)); }

 private:
  slab::SlabAllocator<M>* slabs_ = nullptr;
  machine::Atomic<M, void*, site::arena_spare> spare_;
};

}  // namespace anyctx::bpf
