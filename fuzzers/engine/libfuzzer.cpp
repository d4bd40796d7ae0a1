#include "fuzzers/engine/libfuzzer.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "fuzzers/engine/fuzz_session.h"

namespace anyctx::engine {
namespace {

// libFuzzer finds them by the name of the section.
__attribute__((section("__libfuzzer_extra_counters"))) std::uint8_t extra_counters[kStateCounters];

FuzzSession* session = nullptr;  // lives until the process ends

/// What follows `flag` in those arguments that begin with it.
std::vector<std::string> values_of(std::string_view flag, int argc, char** argv) {
  std::vector<std::string> values;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument(argv[i]);
    if (argument.starts_with(flag)) values.emplace_back(argument.substr(flag.size()));
  }
  return values;
}

}  // namespace
}  // namespace anyctx::engine

using anyctx::engine::session;

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  using namespace anyctx::engine;
  const auto stats = values_of("--stats=", *argc, *argv);
  session = new FuzzSession(fuzzed_target(), extra_counters, values_of("--param=", *argc, *argv),
                            stats.empty() ? std::string() : stats.front());
  std::atexit([] { session->save_stats(); });
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return session->run({data, size}) ? 0 : -1;  // -1: not worth keeping
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  return session->mutate({data, max_size}, size, seed);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* first, std::size_t first_size,
                                                 const std::uint8_t* second,
                                                 std::size_t second_size, std::uint8_t* out,
                                                 std::size_t max_size, unsigned seed) {
  return session->crossover({first, first_size}, {second, second_size}, {out, max_size}, seed);
}
