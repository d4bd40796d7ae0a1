// Llist: lock-free list that many contexts push to and one takes from at once.
// Source: Linux 7.3 include/linux/llist.h.
#pragma once

#include "lib/defer/sites.h"
#include "lib/machine/atomic.h"

namespace anyctx::defer {

/// A node threaded through the queued thing itself, which may be memory that is marked free.
struct LlistNode {
  void* next;
};

/// Push and take_all need no lock, in any combination and any context. Push is lock-free: it
/// retries only when another context changed the list. Only take_first() needs a lock, against
/// every other consumer.
template <machine::Machine M, machine::Site S>
class Llist {
 public:
  /// Returns true if the list was empty: then it is the caller who has to see to its processing.
  bool push(LlistNode* node) { return push_batch(node, node); }
  /// The same for nodes that are linked from `newest` to `oldest`: they appear at once.
  bool push_batch(LlistNode* newest, LlistNode* oldest) {
    LlistNode* first = first_.load(std::memory_order_relaxed);
    for (;;) {
      M::store_link(site::llist_link, &oldest->next, first, std::memory_order_relaxed);
      if (first_.cas(first, newest, std::memory_order_release)) return first == nullptr;
    }
  }

  /// Takes the whole list, last pushed first; null if it was empty.
  [[nodiscard]] LlistNode* take_all() {
    return first_.exchange(nullptr, std::memory_order_acquire);
  }

  /// Takes the node that was pushed last; null if there is none. Nobody else takes nodes meanwhile:
  /// what was its successor may be something else when the same node comes back (ABA). So nodes of
  /// such a list are live, not marked free, and are looked at as any other memory.
  [[nodiscard]] LlistNode* take_first() {
    LlistNode* first = first_.load(std::memory_order_acquire);
    while (first != nullptr) {
      void* const second = M::load(site::llist_link, &first->next, std::memory_order_relaxed);
      if (first_.cas(first, static_cast<LlistNode*>(second))) return first;
    }
    return nullptr;
  }

  /// Racy by nature: a hint, not a basis for correctness.
  bool empty() const { return first_.load(std::memory_order_relaxed) == nullptr; }

  /// The successor of a node that was taken; read it before the node's memory is given away.
  static LlistNode* next(const LlistNode* node) {
    return static_cast<LlistNode*>(
        M::load_link(site::llist_link, &node->next, std::memory_order_relaxed));
  }

  /// For oracles: not a decision point.
  LlistNode* peek() const { return first_.peek(); }

 private:
  machine::Atomic<M, LlistNode*, S> first_;
};

}  // namespace anyctx::defer
