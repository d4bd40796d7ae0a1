// libFuzzer executable of the mem_alloc target on kernel sources.
#include "fuzzers/engine/libfuzzer.h"
#include "fuzzers/kernel/kernel_target.h"

namespace anyctx::engine {

const Target& fuzzed_target() {
  static const Target target = target::kernel_mem_alloc_target();
  return target;
}

}  // namespace anyctx::engine
