// PageList: doubly linked list of blocks through their first pages. The list's lock protects both.
#pragma once

#include "lib/page/page.h"

namespace anyctx::page {

template <machine::Machine M>
class PageList {
 public:
  bool empty() const { return first_ == nullptr; }
  Page<M>* first() const { return first_; }
  Page<M>* last() const { return last_; }

  void push_front(Page<M>* page) {
    page->prev = nullptr;
    page->next = first_;
    (first_ == nullptr ? last_ : first_->prev) = page;
    first_ = page;
  }
  void push_back(Page<M>* page) {
    page->next = nullptr;
    page->prev = last_;
    (last_ == nullptr ? first_ : last_->next) = page;
    last_ = page;
  }
  void remove(Page<M>* page) {
    (page->prev == nullptr ? first_ : page->prev->next) = page->next;
    (page->next == nullptr ? last_ : page->next->prev) = page->prev;
    page->next = nullptr;
    page->prev = nullptr;
  }

 private:
  Page<M>* first_ = nullptr;
  Page<M>* last_ = nullptr;
};

}  // namespace anyctx::page
