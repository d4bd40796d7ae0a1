// libFuzzer executable of the storage target.
#include "fuzzers/engine/libfuzzer.h"
#include "fuzzers/targets/storage_target.h"

namespace anyctx::engine {

const Target& fuzzed_target() {
  static const Target target = target::storage_target();
  return target;
}

}  // namespace anyctx::engine
