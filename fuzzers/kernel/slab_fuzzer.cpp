// libFuzzer executable of the slab target on kernel sources.
#include "fuzzers/engine/libfuzzer.h"
#include "fuzzers/kernel/kernel_target.h"

namespace anyctx::engine {

const Target& fuzzed_target() {
  static const Target target = target::kernel_slab_target();
  return target;
}

}  // namespace anyctx::engine
