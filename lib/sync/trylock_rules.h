// Whether a spin_trylock means anything in the present context. Source: Linux 7.3 mm/page_alloc.c
// and mm/slub.c (admission of the nolock paths).
#pragma once

#include "lib/machine/machine.h"

namespace anyctx::sync {

/// False where a trylock is forbidden (RT: a sleeping lock must not be tried in hard interrupt or
/// NMI context) or meaningless (UP: a trylock in an NMI succeeds while the interrupted frame holds
/// the lock). Legal in every context.
template <machine::Machine M>
bool can_spin_trylock() {
  const machine::Context context = M::context();
  if (M::rt() && context >= machine::Context::hardirq) return false;
  if (!M::smp() && context == machine::Context::nmi) return false;
  return true;
}

}  // namespace anyctx::sync
