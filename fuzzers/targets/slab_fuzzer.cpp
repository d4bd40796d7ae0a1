// libFuzzer executable of the slab target.
#include "fuzzers/engine/libfuzzer.h"
#include "fuzzers/targets/slab_target.h"

namespace anyctx::engine {

const Target& fuzzed_target() {
  static const Target target = target::slab_target();
  return target;
}

}  // namespace anyctx::engine
