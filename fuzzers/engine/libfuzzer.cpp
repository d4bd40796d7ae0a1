#include "fuzzers/engine/libfuzzer.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "fuzzers/engine/fuzz_session.h"
#include "fuzzers/engine/fuzzer_arguments.h"

namespace anyctx::engine {
namespace {

// libFuzzer finds them by the name of the section.
__attribute__((section("__libfuzzer_extra_counters"))) std::uint8_t extra_counters[kStateCounters];

FuzzSession* session = nullptr;  // lives until the process ends

}  // namespace
}  // namespace anyctx::engine

using anyctx::engine::session;

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  using namespace anyctx::engine;
  const auto stats = take_values("--stats=", argc, *argv);
  const auto params = take_values("--param=", argc, *argv);
  const auto without = take_values("--without=", argc, *argv);
  const auto has = [&](std::string_view word) { return std::ranges::count(without, word) != 0; };
  session = new FuzzSession(fuzzed_target(), extra_counters, params,
                            stats.empty() ? std::string() : stats.front(),
                            {.decisions = has("decisions"),
                             .feedback = has("feedback"),
                             .verdicts = take_values("--ignore=", argc, *argv)});
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
