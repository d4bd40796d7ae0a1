// A libFuzzer executable for each tiny target: started as NAME_fuzzer, it fuzzes NAME.
#include <errno.h>

#include "fuzzers/engine/libfuzzer.h"
#include "lib/machine/check.h"
#include "tests/cli/tiny_targets.h"

const anyctx::engine::Target& anyctx::engine::fuzzed_target() {
  const std::string_view name = program_invocation_short_name;
  const Target* found = nullptr;
  for (const Target& target : tiny::targets()) {
    if (name.starts_with(target.name())) found = &target;
  }
  ANYCTX_CHECK(found != nullptr);
  return *found;
}
