// The kernel's range tree by its own functions, and what oracles see of it. The unit range_tree.c
// is the tree's kernel/bpf/range_tree.c and the functions below.
#pragma once

#ifdef __cplusplus
#include <cstddef>
#include <cstdint>
extern "C" {
#else
#include <linux/types.h>
#endif

struct range_tree;

size_t anyctx_range_tree_bytes(void);
size_t anyctx_range_node_bytes(void);

void anyctx_range_tree_init(struct range_tree* tree);
void anyctx_range_tree_destroy(struct range_tree* tree);
int anyctx_range_tree_set(struct range_tree* tree, uint32_t start, uint32_t length);
int anyctx_range_tree_clear(struct range_tree* tree, uint32_t start, uint32_t length);
int anyctx_is_range_tree_set(struct range_tree* tree, uint32_t start, uint32_t length);
int64_t anyctx_range_tree_find(struct range_tree* tree, uint32_t length);

// By start.
void anyctx_range_tree_visit(struct range_tree* tree,
                             void (*visit)(void* to, uint32_t first, uint32_t last), void* to);
// What is wrong with the structure; null if nothing is.
const char* anyctx_range_tree_audit(struct range_tree* tree);

#ifdef __cplusplus
}
#endif
