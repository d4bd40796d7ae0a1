// libFuzzer executable of the rqspinlock target on kernel sources.
#include "fuzzers/engine/libfuzzer.h"
#include "fuzzers/kernel/kernel_target.h"

namespace anyctx::engine {

const Target& fuzzed_target() {
  static const Target target = target::kernel_rqspinlock_target();
  return target;
}

}  // namespace anyctx::engine
