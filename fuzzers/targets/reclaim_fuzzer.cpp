// libFuzzer executable of the reclaim target.
#include "fuzzers/engine/libfuzzer.h"
#include "fuzzers/targets/reclaim_target.h"

namespace anyctx::engine {

const Target& fuzzed_target() {
  static const Target target = target::reclaim_target();
  return target;
}

}  // namespace anyctx::engine
