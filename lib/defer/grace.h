// Grace: the grace periods of a system, one instance of each kind.
#pragma once

#include "lib/defer/srcu_fast.h"

namespace anyctx::defer {

template <machine::Machine M>
struct Grace {
  Rcu<M> rcu;
  SrcuFast<M> srcu;  // a grace period of it contains some of `rcu`

  /// Single-threaded. Forgets what waits.
  void init() {
    rcu.init();
    srcu.init(rcu);
  }
  /// Does what is due, on machines without workers. May call functions and free memory.
  void poll() { srcu.poll(); }
};

}  // namespace anyctx::defer
