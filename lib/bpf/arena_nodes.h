// ArenaNodes: nodes for an arena's range tree, with one in reserve.
//
// Where nothing can be allocated with the arena's lock held (RT), or where memory is short while
// memory is given back, the reserve serves. An operation on a range tree needs one node at most.
#pragma once

#include "lib/bpf/arena_memory.h"
#include "lib/bpf/range_node.h"
#include "lib/bpf/sites.h"

namespace anyctx::bpf {

/// Every context. `memory` is not owned.
template <machine::Machine M>
class ArenaNodes {
 public:
  explicit ArenaNodes(ArenaMemory<M>& memory) : memory_(&memory) {}

  void* allocate(std::size_t bytes) {
    ANYCTX_CHECK_OP(bytes, <=, sizeof(RangeNode));
    void* const node = memory_->allocate(sizeof(RangeNode));
    return node != nullptr ? node : spare_.exchange(nullptr);
  }
  void release(void* node) {
    if (spare_.load(std::memory_order_relaxed) == nullptr) node = spare_.exchange(node);
    if (node != nullptr) memory_->release(node, sizeof(RangeNode));
  }

  /// Without the arena's lock: it is then that allocations are most likely to succeed.
  void refill() {
    if (spare_.load(std::memory_order_relaxed) != nullptr) return;
    void* const node = memory_->allocate(sizeof(RangeNode));
    if (node != nullptr) release(node);
  }
  /// Nobody else uses it any more.
  void destroy() {
    if (void* const node = spare_.exchange(nullptr)) memory_->release(node, sizeof(RangeNode));
  }

  /// For oracles.
  bool peek_spare() const { return spare_.peek() != nullptr; }

 private:
  ArenaMemory<M>* memory_;
  machine::Atomic<M, void*, site::arena_spare> spare_;
};

}  // namespace anyctx::bpf
