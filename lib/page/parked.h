// Parked: freed blocks that wait until somebody may take the zone lock. Source: Linux 7.3
// mm/page_alloc.c (add_page_to_zone_llist()).
#pragma once

#include <cstddef>
#include <memory>

#include "lib/defer/llist.h"
#include "lib/page/page.h"

namespace anyctx::page {

/// Parked blocks are counted nowhere and stay until a drain, for ever if nobody calls one.
template <machine::Machine M>
class Parked {
 public:
  void reset() {
    std::destroy_at(&list_);
    std::construct_at(&list_);
  }

  /// The caller owns the block. Every context.
  void push(Page<M>* page, unsigned order) {
    page->private_word = order;
    page->kind = PageKind::parked;
    M::probe(site::park_limbo);
    list_.push(&page->parked_node);
  }

  bool empty() const { return list_.empty(); }

  /// Takes all blocks and hands each to `visit(page, order)`, as pages that are free and on no
  /// list. What is parked meanwhile waits for the next drain.
  template <class Visit>
  void drain(Visit visit) {
    defer::LlistNode* node = list_.take_all();
    while (node != nullptr) {
      M::probe(site::parked_drain);
      Page<M>* page = page_of(node);
      // Merging overwrites the block's fields and may hand it to anyone, so its link goes first.
      node = List::next(node);
      const auto order = static_cast<unsigned>(page->private_word);
      page->private_word = 0;
      visit(page, order);
    }
  }

  /// For oracles: the first parked block and its successors, null at the end. The order is in the
  /// private word.
  const Page<M>* peek_first() const { return page_or_null(list_.peek()); }
  static const Page<M>* peek_next(const Page<M>* page) {
    return page_or_null(static_cast<const defer::LlistNode*>(page->parked_node.next));
  }
  /// For oracles: calls visit(page, order) for each parked block.
  template <class Visit>
  void peek_each(Visit visit) const {
    for (const Page<M>* page = peek_first(); page != nullptr; page = peek_next(page)) {
      visit(page, static_cast<unsigned>(page->private_word));
    }
  }

 private:
  using List = defer::Llist<M, site::parked>;

  static Page<M>* page_of(defer::LlistNode* node) {
    return reinterpret_cast<Page<M>*>(reinterpret_cast<std::byte*>(node) -
                                      offsetof(Page<M>, parked_node));
  }
  static const Page<M>* page_or_null(const defer::LlistNode* node) {
    return node == nullptr ? nullptr : page_of(const_cast<defer::LlistNode*>(node));
  }

  List list_;
};

}  // namespace anyctx::page
