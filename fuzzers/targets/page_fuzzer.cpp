// libFuzzer executable of the page target.
#include "fuzzers/engine/libfuzzer.h"
#include "fuzzers/targets/page_target.h"

namespace anyctx::engine {

const Target& fuzzed_target() {
  static const Target target = target::page_target();
  return target;
}

}  // namespace anyctx::engine
