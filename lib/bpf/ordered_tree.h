// OrderedTree: an intrusive balanced search tree (AVL) of nodes that somebody else stores.
//
// A node may be in several trees at once, with a Links member for each. There are no parent
// pointers: an update descends by the order, remembers the way, and repairs it on the way back.
// Not synchronised, and without shared accesses: the owner's lock covers every member.
#pragma once

#include <cstdint>

#include "lib/machine/check.h"

namespace anyctx::bpf {

/// What a node gives to one tree.
template <class Node>
struct TreeLinks {
  Node* child[2] = {};
  std::uint8_t height = 1;  // of the subtree; a leaf has 1
};

/// `Order` says which links belong to the tree, and how its nodes are ordered:
///   static TreeLinks<Node>& links(Node&);
///   static bool before(const Node&, const Node&);   // strict and total: no two nodes are equal
/// What the order looks at must not change while a node is in the tree. Every operation takes
/// O(log n) steps; no operation allocates or fails.
template <class Node, class Order>
class OrderedTree {
 public:
  bool empty() const { return root_ == nullptr; }

  /// `node` is not in the tree.
  void insert(Node& node) {
    Path path;
    Node** link = &root_;
    while (*link != nullptr) {
      path.push(link);
      link = &child(**link, Order::before(**link, node));
    }
    Order::links(node) = {};
    *link = &node;
    repair(path);
  }

  /// `node` is in the tree.
  void remove(Node& node) {
    Path path;
    Node** link = &root_;
    while (*link != &node) {
      ANYCTX_CHECK(*link != nullptr);
      path.push(link);
      link = &child(**link, Order::before(**link, node));
    }
    TreeLinks<Node>& own = Order::links(node);
    if (own.child[0] == nullptr || own.child[1] == nullptr) {
      *link = own.child[own.child[0] == nullptr];
    } else {
      replace_by_successor(link, path);
    }
    repair(path);
  }

  /// The first node for which `holds` is true, given that it is true for all nodes behind that one;
  /// null if there is none.
  template <class Predicate>
  Node* first_where(Predicate holds) const {
    Node* found = nullptr;
    for (Node* node = root_; node != nullptr;) {
      const bool here = holds(*node);
      if (here) found = node;
      node = child(*node, !here);
    }
    return found;
  }

  /// The last node for which `holds` is true, given that it is true for all nodes before that one;
  /// null if there is none.
  template <class Predicate>
  Node* last_where(Predicate holds) const {
    Node* found = nullptr;
    for (Node* node = root_; node != nullptr;) {
      const bool here = holds(*node);
      if (here) found = node;
      node = child(*node, here);
    }
    return found;
  }

  // For oracles.

  /// Calls `f(node)` for every node, in order.
  template <class F>
  void visit(F f) const {
    walk(root_, f);
  }

  /// Whether order, heights and balance are as they should be.
  bool is_sound() const {
    const Node* before = nullptr;
    bool ordered = true;
    visit([&](const Node& node) {
      if (before != nullptr && !Order::before(*before, node)) ordered = false;
      before = &node;
    });
    return ordered && is_balanced(root_);
  }

 private:
  // An AVL tree of 2^32 nodes, more than there can be, is 46 levels high.
  static constexpr unsigned kMaxHeight = 48;

  /// The links that lead down to a node, from the root.
  struct Path {
    void push(Node** link) {
      ANYCTX_CHECK_OP(depth, <, kMaxHeight);
      links[depth++] = link;
    }
    Node** links[kMaxHeight];
    unsigned depth = 0;
  };

  static Node*& child(Node& node, bool right) { return Order::links(node).child[right]; }
  static unsigned height(Node* node) { return node == nullptr ? 0 : Order::links(*node).height; }

  /// The next node in order takes the place of *place, which has two children.
  static void replace_by_successor(Node** place, Path& path) {
    TreeLinks<Node>& removed = Order::links(**place);
    path.push(place);
    const unsigned below = path.depth;
    Node** link = &removed.child[1];
    while (child(**link, false) != nullptr) {
      path.push(link);
      link = &child(**link, false);
    }
    Node* const successor = *link;
    *link = child(*successor, true);
    Order::links(*successor) = removed;
    *place = successor;
    // The way led through the removed node's right link.
    if (path.depth > below) path.links[below] = &child(*successor, true);
  }

  static void repair(Path& path) {
    while (path.depth > 0 && balance(*path.links[--path.depth])) {
    }
  }

  /// Returns whether the subtree's height changed, so that the levels above are to be looked at.
  static bool balance(Node*& top) {
    const unsigned before = height(top);
    const unsigned left = height(child(*top, false));
    const unsigned right = height(child(*top, true));
    if (left > right + 1) {
      raise(top, false);
    } else if (right > left + 1) {
      raise(top, true);
    } else {
      update(*top);
    }
    return height(top) != before;
  }

  /// The subtree on this side of `top` is two levels too high.
  static void raise(Node*& top, bool side) {
    Node*& high = child(*top, side);
    if (height(child(*high, side)) < height(child(*high, !side))) rotate(high, !side);
    rotate(top, side);
  }

  /// The child on this side becomes the top.
  static void rotate(Node*& top, bool side) {
    Node* const old = top;
    Node* const up = child(*old, side);
    child(*old, side) = child(*up, !side);
    child(*up, !side) = old;
    update(*old);
    update(*up);
    top = up;
  }

  static void update(Node& node) {
    const unsigned left = height(child(node, false));
    const unsigned right = height(child(node, true));
    Order::links(node).height = static_cast<std::uint8_t>(1 + (left > right ? left : right));
  }

  template <class F>
  static void walk(Node* node, F& f) {
    if (node == nullptr) return;
    walk(child(*node, false), f);
    f(*node);
    walk(child(*node, true), f);
  }

  static bool is_balanced(Node* node) {
    if (node == nullptr) return true;
    const unsigned left = height(child(*node, false));
    const unsigned right = height(child(*node, true));
    const unsigned higher = left > right ? left : right;
    return height(node) == 1 + higher && left <= right + 1 && right <= left + 1 &&
           is_balanced(child(*node, false)) && is_balanced(child(*node, true));
  }

  Node* root_ = nullptr;
};

}  // namespace anyctx::bpf
