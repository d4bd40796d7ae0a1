// RcuHead: a function to be called after a grace period, threaded through what it is for.
#pragma once

#include "lib/defer/llist.h"

namespace anyctx::defer {

/// Two words. Constructed once; the same head may be used again as soon as its function was called.
template <machine::Machine M>
struct RcuHead {
  using Function = void (*)(RcuHead*);
  LlistNode node{};  // first: lists hand its address back
  machine::Atomic<M, Function, site::callback_function> function;
};

}  // namespace anyctx::defer
