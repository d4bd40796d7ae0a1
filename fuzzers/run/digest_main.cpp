// anyctx-digest FILE...: runs each program 100 times and prints its digest, nothing else. Small, so
// that builds which only have to agree on digests are soon made.
#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <memory>

#include "fuzzers/engine/program_file.h"
#include "fuzzers/engine/runner.h"
#include "fuzzers/engine/setup_error.h"
#include "fuzzers/engine/story.h"
#include "fuzzers/targets/registry.h"

namespace {

using namespace anyctx;

constexpr unsigned kRuns = 100;

/// How many of the further runs agree with the first one.
unsigned identical(engine::Runner& runner, const program::Program& program, std::uint64_t digest) {
  unsigned count = 1;
  for (unsigned i = 1; i < kRuns; ++i) count += runner.run(program).digest == digest;
  return count;
}

int print_digests(std::span<char*> files) {
  std::map<std::string_view, std::unique_ptr<engine::Runner>> runners;
  int exit_code = engine::kExitClean;
  for (const char* const path : files) {
    const engine::ProgramFile file = engine::load_program(target::all_targets(), path, {});
    std::unique_ptr<engine::Runner>& runner = runners[file.target->name()];
    if (!runner) runner = std::make_unique<engine::Runner>(*file.target);
    const engine::RunResult result = runner->run(file.program);
    const unsigned same = identical(*runner, file.program, result.digest);
    if (result.verdict) fmt::print("{}\n", engine::headline(*result.verdict));
    if (result.verdict || same != kRuns) exit_code = engine::kExitBug;
    fmt::print("{}/{} identical digests  {:016x}  {}\n", same, kRuns, result.digest, path);
    std::fflush(stdout);
  }
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return print_digests({argv + 1, static_cast<std::size_t>(argc - 1)});
  } catch (const std::exception& error) {
    fmt::print(stderr, "anyctx-digest: {}\n", error.what());
    return engine::kExitSetup;
  }
}
