// Functions that are linked because something refers to them which no program reaches.
#include "fuzzers/kernel/services.h"

#define unreached(function)                                \
  void function(void) {                                    \
    anyctx_warn(#function "(), which is not answered", 0); \
  }

// Tracing of users, statistics, parameters at boot: no files, no command line.
unreached(bitmap_alloc) unreached(bitmap_free) unreached(kstrtouint) unreached(mutex_trylock)
    unreached(strnchr) unreached(_printk) unreached(__cond_resched)
        unreached(dump_page) char param_ops_uint;

// Memory that is not contiguous.
unreached(__vmalloc_node_range_noprof) unreached(vrealloc_node_align_noprof) unreached(vfree)
    unreached(vfree_atomic)
