// What kernel sources under test get from the rest of their kernel: called by our stubs, which are
// C and know the tree's headers, answered by the subject that runs (provider.cpp). Every context.
#pragma once

#ifdef __cplusplus
#include <cstddef>
extern "C" {
#else
#include <linux/types.h>
#endif

// kmalloc_nolock() and kfree_nolock(), for the function `caller`. Null: there is no memory, or a
// decision says so.
void* anyctx_allocate(size_t bytes, const char* caller);
void anyctx_release(const void* object);

// A check of the kernel's own failed: what it said, and in which line of the tree if that is known.
void anyctx_warn(const char* what, int line);

#ifdef __cplusplus
}
#endif
