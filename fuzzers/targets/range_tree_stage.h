// RangeTreeStage: the machine that range trees live on: memory for nodes, and the owner's lock.
#pragma once

#include <optional>

#include "fuzzers/targets/range_tree_subject.h"
#include "fuzzers/targets/slab_own_inspector.h"
#include "fuzzers/targets/slab_stack.h"
#include "lib/bpf/slab_nodes.h"
#include "lib/sync/rqspinlock.h"

namespace anyctx::target {

/// Nodes from kmalloc_nolock, counted.
class CountedNodes {
 public:
  using Sim = inject::Sim;

  explicit CountedNodes(slab::SlabAllocator<Sim>& slabs) : nodes_(slabs) {}
  void* allocate(std::size_t bytes) {
    void* const node = nodes_.allocate(bytes);
    if (node != nullptr) ++count_;
    return node;
  }
  void release(void* node) {
    --count_;
    nodes_.release(node);
  }
  std::int64_t count() const { return count_; }
  void reset() { count_ = 0; }

 private:
  bpf::SlabNodes<Sim> nodes_;
  std::int64_t count_ = 0;
};

/// What every subject has beside its tree. A subject says how large its nodes are.
class RangeTreeStage {
 public:
  using Sim = inject::Sim;

  RangeTreeStage(inject::Simulation& simulation, std::size_t node_bytes)
      : simulation_(simulation),
        node_bytes_(node_bytes),
        memory_(stack_.pages, stack_.slabs),
        nodes_(stack_.slabs) {}

  void reset(const RangeTreeOptions& options);

  CountedNodes& nodes() { return nodes_; }
  const CountedNodes& nodes() const { return nodes_; }
  bool has_room() const { return memory_.has_room(kLargestSlabOrder, -1); }

  int lock_irqsave(machine::IrqState& flags);
  void unlock_irqrestore(machine::IrqState flags);
  void* kmalloc_nolock();
  void kfree_nolock(void* object);
  void* alloc_pages_nolock();
  void free_pages_nolock(void* page);
  std::int64_t settle();

 private:
  inject::Simulation& simulation_;
  std::size_t node_bytes_;
  SlabStack stack_;
  OwnSlabInspector memory_;
  CountedNodes nodes_;
  std::optional<sync::RqCpus<Sim>> cpus_;
  std::optional<sync::RqSpinLock<Sim>> lock_;
};

}  // namespace anyctx::target
