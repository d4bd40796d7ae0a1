// SlabElements: elements of hash tables from kmalloc_nolock, freed after grace periods of RCU.
#pragma once

#include "lib/slab/slab_allocator.h"

namespace anyctx::bpf {

/// An ElementSource. `slabs` is not owned.
template <machine::Machine M>
class SlabElements {
 public:
  explicit SlabElements(slab::SlabAllocator<M>& slabs) : slabs_(&slabs) {}

  void* allocate(std::size_t bytes) { return slabs_->kmalloc_nolock(bytes, page::gfp::account); }
  void release(void* memory) { slabs_->kfree_nolock(memory); }
  void release_after_grace(void* memory) {
    slabs_->kfree_rcu_nolock(static_cast<defer::LlistNode*>(memory));
  }

 private:
  slab::SlabAllocator<M>* slabs_;
};

}  // namespace anyctx::bpf
