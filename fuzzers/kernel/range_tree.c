// The tree's range tree, unmodified, with nodes from the subject, and what oracles see of it.
#include <linux/bpf.h>
#include <linux/interval_tree_generic.h>
#include <linux/slab.h>

#include "fuzzers/kernel/range_tree.h"
#include "fuzzers/kernel/services.h"

#undef kmalloc_nolock
#define kmalloc_nolock(size, flags, node) anyctx_allocate(size, __func__)
#define kfree_nolock(object) anyctx_release(object)

#include <kernel/bpf/range_tree.c>

size_t anyctx_range_tree_bytes(void) {
  return sizeof(struct range_tree);
}

size_t anyctx_range_node_bytes(void) {
  return sizeof(struct range_node);
}

void anyctx_range_tree_init(struct range_tree* tree) {
  range_tree_init(tree);
}

void anyctx_range_tree_destroy(struct range_tree* tree) {
  range_tree_destroy(tree);
}

int anyctx_range_tree_set(struct range_tree* tree, uint32_t start, uint32_t length) {
  return range_tree_set(tree, start, length);
}

int anyctx_range_tree_clear(struct range_tree* tree, uint32_t start, uint32_t length) {
  return range_tree_clear(tree, start, length);
}

int anyctx_is_range_tree_set(struct range_tree* tree, uint32_t start, uint32_t length) {
  return is_range_tree_set(tree, start, length);
}

int64_t anyctx_range_tree_find(struct range_tree* tree, uint32_t length) {
  return range_tree_find(tree, length);
}

static struct range_node* first_by_start(struct range_tree* tree) {
  return rb_entry_safe(rb_first_cached(&tree->it_root), struct range_node, rn_rbnode);
}

static struct range_node* next_by_start(struct range_node* node) {
  return rb_entry_safe(rb_next(&node->rn_rbnode), struct range_node, rn_rbnode);
}

static struct range_node* first_by_size(struct range_tree* tree) {
  return rb_entry_safe(rb_first_cached(&tree->range_size_root), struct range_node, rb_range_size);
}

static struct range_node* next_by_size(struct range_node* node) {
  return rb_entry_safe(rb_next(&node->rb_range_size), struct range_node, rb_range_size);
}

void anyctx_range_tree_visit(struct range_tree* tree,
                             void (*visit)(void* to, uint32_t first, uint32_t last), void* to) {
  struct range_node* node;

  for (node = first_by_start(tree); node; node = next_by_start(node))
    visit(to, node->rn_start, node->rn_last);
}

const char* anyctx_range_tree_audit(struct range_tree* tree) {
  struct range_node* node;
  struct range_node* last = NULL;
  size_t nodes = 0;

  for (node = first_by_start(tree); node; node = next_by_start(node)) {
    if (node->rn_start > node->rn_last) return "a run that ends before it begins";
    if (last && last->rn_last >= node->rn_start) return "runs that overlap";
    if (last && last->rn_last + 1 == node->rn_start) return "two runs that should be one";
    last = node;
    ++nodes;
  }
  last = NULL;
  for (node = first_by_size(tree); node; node = next_by_size(node)) {
    if (last && last->rn_last - last->rn_start < node->rn_last - node->rn_start)
      return "runs out of the order of their sizes";
    last = node;
    --nodes;
  }
  return nodes ? "its two orders differ" : NULL;
}
