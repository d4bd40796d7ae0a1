// libFuzzer executable of the mem_alloc target.
#include "fuzzers/engine/libfuzzer.h"
#include "fuzzers/targets/mem_alloc_target.h"

namespace anyctx::engine {

const Target& fuzzed_target() {
  static const Target target = target::mem_alloc_target();
  return target;
}

}  // namespace anyctx::engine
