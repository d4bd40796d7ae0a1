// A range tree with the functions of the kernel's, for tests without a kernel. It allocates before
// it changes anything.
#include <errno.h>
#include <linux/bpf.h>
#include <linux/interval_tree_generic.h>
#include <linux/slab.h>

#include "range_tree.h"

struct range_node {
  struct rb_node rn_rbnode;
  struct rb_node rb_range_size;
  u32 rn_start;
  u32 rn_last;
};

static struct range_node* by_start(struct rb_node* node) {
  return rb_entry_safe(node, struct range_node, rn_rbnode);
}

static struct range_node* by_size(struct rb_node* node) {
  return rb_entry_safe(node, struct range_node, rb_range_size);
}

static u32 size_of(const struct range_node* run) {
  return run->rn_last - run->rn_start + 1;
}

// The first run that ends at `start` or behind it.
static struct range_node* first_from(struct range_tree* tree, u32 start) {
  struct rb_node* node = tree->it_root.rb_root.rb_node;
  struct range_node* found = NULL;

  while (node) {
    struct range_node* const run = by_start(node);

    if (run->rn_last >= start) {
      found = run;
      node = node->rb_left;
    } else {
      node = node->rb_right;
    }
  }
  return found;
}

static void insert(struct range_tree* tree, struct range_node* run) {
  struct rb_node** link = &tree->it_root.rb_root.rb_node;
  struct rb_node* parent = NULL;

  while (*link) {
    parent = *link;
    link = run->rn_start < by_start(parent)->rn_start ? &parent->rb_left : &parent->rb_right;
  }
  rb_link_node(&run->rn_rbnode, parent, link);
  link = &tree->range_size_root.rb_root.rb_node;
  parent = NULL;
  while (*link) {
    parent = *link;
    link = size_of(run) > size_of(by_size(parent)) ? &parent->rb_left : &parent->rb_right;
  }
  rb_link_node(&run->rb_range_size, parent, link);
}

static void take_out(struct range_tree* tree, struct range_node* run) {
  rb_erase_cached(&run->rn_rbnode, &tree->it_root);
  rb_erase_cached(&run->rb_range_size, &tree->range_size_root);
}

static void change(struct range_tree* tree, struct range_node* run, u32 start, u32 last) {
  take_out(tree, run);
  run->rn_start = start;
  run->rn_last = last;
  insert(tree, run);
}

static struct range_node* new_run(u32 start, u32 last) {
  struct range_node* const run = kmalloc_nolock(sizeof(*run), __GFP_ACCOUNT, NUMA_NO_NODE);

  if (run) {
    run->rn_start = start;
    run->rn_last = last;
  }
  return run;
}

static int add(struct range_tree* tree, u32 start, u32 last) {
  struct range_node* const run = new_run(start, last);

  if (!run) return -ENOMEM;
  insert(tree, run);
  return 0;
}

static int split(struct range_tree* tree, struct range_node* run, u32 start, u32 last) {
  struct range_node* const rest = new_run(last + 1, run->rn_last);

  if (!rest) return -ENOMEM;
  change(tree, run, run->rn_start, start - 1);
  insert(tree, rest);
  return 0;
}

int range_tree_clear(struct range_tree* tree, u32 start, u32 len) {
  const u32 last = start + len - 1;
  struct range_node* run;

  while ((run = first_from(tree, start)) && run->rn_start <= last) {
    if (run->rn_start < start && run->rn_last > last) return split(tree, run, start, last);
    if (run->rn_start < start) {
      change(tree, run, run->rn_start, start - 1);
    } else if (run->rn_last > last) {
      change(tree, run, last + 1, run->rn_last);
    } else {
      take_out(tree, run);
      kfree_nolock(run);
    }
  }
  return 0;
}

int is_range_tree_set(struct range_tree* tree, u32 start, u32 len) {
  struct range_node* const run = first_from(tree, start);

  return run && run->rn_start <= start && run->rn_last >= start + len - 1 ? 0 : -ESRCH;
}

int range_tree_set(struct range_tree* tree, u32 start, u32 len) {
  const u32 last = start + len - 1;
  const u32 from = start ? start - 1 : 0;
  struct range_node* run = first_from(tree, from);
  struct range_node* next;
  u32 first, end;

  if (!is_range_tree_set(tree, start, len)) return 0;
  if (!run || run->rn_start > last + 1) return add(tree, start, last);
  first = run->rn_start < start ? run->rn_start : start;
  end = run->rn_last > last ? run->rn_last : last;
  while ((next = by_start(rb_next(&run->rn_rbnode))) && next->rn_start <= last + 1) {
    if (next->rn_last > end) end = next->rn_last;
    take_out(tree, next);
    kfree_nolock(next);
  }
  change(tree, run, first, end);
  return 0;
}

s64 range_tree_find(struct range_tree* tree, u32 len) {
  struct rb_node* node = tree->range_size_root.rb_root.rb_node;
  struct range_node* best = NULL;

  while (node) {
    struct range_node* const run = by_size(node);

    if (size_of(run) >= len) {
      best = run;
      node = node->rb_right;
    } else {
      node = node->rb_left;
    }
  }
  return best ? (s64)best->rn_start : -ENOENT;
}

void range_tree_destroy(struct range_tree* tree) {
  struct range_node* run;

  while ((run = first_from(tree, 0))) {
    take_out(tree, run);
    kfree_nolock(run);
  }
}

void range_tree_init(struct range_tree* tree) {
  tree->it_root = RB_ROOT_CACHED;
  tree->range_size_root = RB_ROOT_CACHED;
}
