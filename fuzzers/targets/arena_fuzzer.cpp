// libFuzzer executable of the arena target.
#include "fuzzers/engine/libfuzzer.h"
#include "fuzzers/targets/arena_target.h"

namespace anyctx::engine {

const Target& fuzzed_target() {
  static const Target target = target::arena_target();
  return target;
}

}  // namespace anyctx::engine
