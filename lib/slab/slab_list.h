// SlabList: a doubly linked list of slabs through their own links.
#pragma once

#include "lib/slab/slab.h"

namespace anyctx::slab {

/// Protected by the node's list lock, or owned by one frame. A slab is on one list at most.
template <machine::Machine M>
class SlabList {
 public:
  bool empty() const { return first_ == nullptr; }
  Slab<M>* first() const { return first_; }

  void push_front(Slab<M>& slab) {
    slab.prev = nullptr;
    slab.next = first_;
    (first_ != nullptr ? first_->prev : last_) = &slab;
    first_ = &slab;
  }
  void push_back(Slab<M>& slab) {
    slab.next = nullptr;
    slab.prev = last_;
    (last_ != nullptr ? last_->next : first_) = &slab;
    last_ = &slab;
  }
  void remove(Slab<M>& slab) {
    ANYCTX_CHECK(slab.prev != nullptr ? slab.prev->next == &slab : first_ == &slab);
    (slab.prev != nullptr ? slab.prev->next : first_) = slab.next;
    (slab.next != nullptr ? slab.next->prev : last_) = slab.prev;
    slab.next = nullptr;
    slab.prev = nullptr;
  }
  Slab<M>* pop_front() {
    Slab<M>* const slab = first_;
    if (slab != nullptr) remove(*slab);
    return slab;
  }

 private:
  Slab<M>* first_ = nullptr;
  Slab<M>* last_ = nullptr;
};

}  // namespace anyctx::slab
