// libFuzzer executable of the range_tree target.
#include "fuzzers/engine/libfuzzer.h"
#include "fuzzers/targets/range_tree_target.h"

namespace anyctx::engine {

const Target& fuzzed_target() {
  static const Target target = target::range_tree_target();
  return target;
}

}  // namespace anyctx::engine
