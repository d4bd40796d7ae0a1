#include "inject/kernel/machine.h"

const char anyctx_kernel_tree[] = ANYCTX_KERNEL_TREE;
