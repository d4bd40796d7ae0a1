// Order: what happens before what, where the machine guarantees it and ThreadSanitizer cannot see
// it: locks, masked interrupts, deferred work. Without TSan it is nothing.
#pragma once

#include "lib/machine/raw.h"

#ifdef ANYCTX_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace anyctx::inject {

/// What the caller did so far happens before what follows a later order_after() of the same
/// address. The address is only a name.
inline void order_before([[maybe_unused]] const void* name) {
#ifdef ANYCTX_TSAN
  __tsan_release(const_cast<void*>(name));
#endif
}

/// What follows happens after everything that came before each order_before() of this address.
inline void order_after([[maybe_unused]] const void* name) {
#ifdef ANYCTX_TSAN
  __tsan_acquire(const_cast<void*>(name));
#endif
}

}  // namespace anyctx::inject
