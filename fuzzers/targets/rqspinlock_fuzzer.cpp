// libFuzzer executable of the rqspinlock target.
#include "fuzzers/engine/libfuzzer.h"
#include "fuzzers/targets/rqspinlock_target.h"

namespace anyctx::engine {

const Target& fuzzed_target() {
  static const Target target = target::rqspinlock_target();
  return target;
}

}  // namespace anyctx::engine
