#include <linux/rbtree.h>

void rb_link_node(struct rb_node* node, struct rb_node* parent, struct rb_node** link) {
  node->parent = parent;
  node->rb_left = NULL;
  node->rb_right = NULL;
  *link = node;
}

static struct rb_node* leftmost(struct rb_node* node) {
  while (node && node->rb_left) node = node->rb_left;
  return node;
}

struct rb_node* rb_first_cached(const struct rb_root_cached* root) {
  return leftmost(root->rb_root.rb_node);
}

struct rb_node* rb_next(const struct rb_node* node) {
  if (node->rb_right) return leftmost(node->rb_right);
  while (node->parent && node->parent->rb_right == node) node = node->parent;
  return node->parent;
}

// `child`, which may be none, takes the place of `node`.
static void replace(struct rb_node* node, struct rb_node* child, struct rb_root* root) {
  if (child) child->parent = node->parent;
  if (!node->parent)
    root->rb_node = child;
  else if (node->parent->rb_left == node)
    node->parent->rb_left = child;
  else
    node->parent->rb_right = child;
}

void rb_erase_cached(struct rb_node* node, struct rb_root_cached* cached) {
  struct rb_root* const root = &cached->rb_root;
  struct rb_node* next;

  if (!node->rb_left || !node->rb_right) {
    replace(node, node->rb_left ? node->rb_left : node->rb_right, root);
    return;
  }
  next = leftmost(node->rb_right);
  if (next->parent != node) {
    replace(next, next->rb_right, root);
    next->rb_right = node->rb_right;
    next->rb_right->parent = next;
  }
  replace(node, next, root);
  next->rb_left = node->rb_left;
  next->rb_left->parent = next;
}
