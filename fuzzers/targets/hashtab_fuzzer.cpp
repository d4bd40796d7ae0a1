// libFuzzer executable of the hashtab target.
#include "fuzzers/engine/libfuzzer.h"
#include "fuzzers/targets/hashtab_target.h"

namespace anyctx::engine {

const Target& fuzzed_target() {
  static const Target target = target::hashtab_target();
  return target;
}

}  // namespace anyctx::engine
