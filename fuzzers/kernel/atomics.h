// Atomic operations of a unit as decision points. The compiler announces loads and stores, and does
// not see what is written in assembly; the kernel's own wrappers announce it, for KCSAN.
//
// The unit's first header: these wrappers are inline.
#pragma once

#define instrument_read_write anyctx_unused_read_write
#define instrument_atomic_read_write anyctx_unused_atomic_read_write
#include <linux/instrumented.h>
#undef instrument_read_write
#undef instrument_atomic_read_write

#include "inject/kernel/machine.h"

#define instrument_read_write(address, size) anyctx_before_update()
#define instrument_atomic_read_write(address, size) anyctx_before_update()
