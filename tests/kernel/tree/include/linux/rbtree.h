// Search trees by the kernel's names. These are not balanced: nobody measures them.
#pragma once

#include <linux/types.h>

struct rb_node {
  struct rb_node* parent;
  struct rb_node* rb_left;
  struct rb_node* rb_right;
};

struct rb_root {
  struct rb_node* rb_node;
};

struct rb_root_cached {
  struct rb_root rb_root;
};

#define RB_ROOT_CACHED      \
  (struct rb_root_cached) { \
    { NULL }                \
  }
#define rb_entry(ptr, type, member) container_of(ptr, type, member)
#define rb_entry_safe(ptr, type, member)                  \
  ({                                                      \
    struct rb_node* const node_ = (ptr);                  \
    node_ != NULL ? rb_entry(node_, type, member) : NULL; \
  })

void rb_link_node(struct rb_node* node, struct rb_node* parent, struct rb_node** link);
void rb_erase_cached(struct rb_node* node, struct rb_root_cached* root);
struct rb_node* rb_first_cached(const struct rb_root_cached* root);
struct rb_node* rb_next(const struct rb_node* node);
