// Checks of the kernel's own that fail: verdicts.
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/bug.h>
#include <linux/refcount.h>

#include "fuzzers/kernel/services.h"

void warn_slowpath_fmt(const char* file, const int line, unsigned taint, const char* format, ...) {
  anyctx_warn(file, line);
}

void refcount_warn_saturate(refcount_t* count, enum refcount_saturation_type type) {
  anyctx_warn("a reference count that is saturated", 0);
}

// Called at boot, which does not take place.
int register_btf_kfunc_id_set(enum bpf_prog_type type, const struct btf_kfunc_id_set* set) {
  return 0;
}
