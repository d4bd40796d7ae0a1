// SlabNodes: nodes of data structures from kmalloc_nolock, for use under any lock in any context.
#pragma once

#include "lib/bpf/range_node.h"
#include "lib/slab/slab_allocator.h"

namespace anyctx::bpf {

/// Source of nodes. `slabs` is not owned.
template <machine::Machine M>
class SlabNodes {
 public:
  explicit SlabNodes(slab::SlabAllocator<M>& slabs) : slabs_(&slabs) {}

  void* allocate(std::size_t bytes) { return slabs_->kmalloc_nolock(bytes, page::gfp::account); }
  void release(void* node) { slabs_->kfree_nolock(node); }

 private:
  slab::SlabAllocator<M>* slabs_;
};

}  // namespace anyctx::bpf
