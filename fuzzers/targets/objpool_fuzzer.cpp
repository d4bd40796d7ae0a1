// libFuzzer executable of the objpool target.
#include "fuzzers/engine/libfuzzer.h"
#include "fuzzers/targets/objpool_target.h"

namespace anyctx::engine {

const Target& fuzzed_target() {
  static const Target target = target::objpool_target();
  return target;
}

}  // namespace anyctx::engine
