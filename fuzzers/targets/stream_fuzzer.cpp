// libFuzzer executable of the stream target.
#include "fuzzers/engine/libfuzzer.h"
#include "fuzzers/targets/stream_target.h"

namespace anyctx::engine {

const Target& fuzzed_target() {
  static const Target target = target::stream_target();
  return target;
}

}  // namespace anyctx::engine
