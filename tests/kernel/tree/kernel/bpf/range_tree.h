// A set of 32-bit numbers, as runs. Its owner has a lock.
#pragma once

#include <linux/rbtree.h>

struct range_tree {
  struct rb_root_cached it_root;          // by start
  struct rb_root_cached range_size_root;  // by size, the largest first
};

void range_tree_init(struct range_tree* tree);
void range_tree_destroy(struct range_tree* tree);

int range_tree_clear(struct range_tree* tree, u32 start, u32 len);
int range_tree_set(struct range_tree* tree, u32 start, u32 len);
int is_range_tree_set(struct range_tree* tree, u32 start, u32 len);
s64 range_tree_find(struct range_tree* tree, u32 len);
