// AFL++ custom mutator: a library that afl-fuzz loads, so that it mutates programs, not bytes.
//
// Environment: ANYCTX_TARGET is the target's name; ANYCTX_PARAMS are parameters of all programs,
// NAME=VALUE, each followed by a space.
//
// Runs programs that AFL++ keeps, to see where decisions could be placed. They ran before, under a
// sanitizer, and came to their end.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "fuzzers/engine/fuzz_session.h"
#include "fuzzers/targets/registry.h"

namespace {

using namespace anyctx;

struct Mutator {
  Mutator(const engine::Target& target, const std::vector<std::string>& params, unsigned seed)
      : counters(engine::kStateCounters), session(target, counters, params, {}), rng(seed) {}

  std::vector<std::uint8_t> counters;  // nobody reads them here
  engine::FuzzSession session;
  inject::Rng rng;
  std::vector<std::uint8_t> result;
};

std::vector<std::string> words(const char* text) {
  std::istringstream in(text == nullptr ? "" : text);
  std::vector<std::string> found;
  for (std::string word; in >> word;) found.push_back(word);
  return found;
}

}  // namespace

extern "C" void* afl_custom_init(void*, unsigned seed) {
  const char* const name = std::getenv("ANYCTX_TARGET");
  const engine::Target* const target = name == nullptr ? nullptr : target::find_target(name);
  if (target == nullptr) {
    std::fprintf(stderr, "anyctx: set ANYCTX_TARGET to a target's name\n");
    return nullptr;
  }
  return new Mutator(*target, words(std::getenv("ANYCTX_PARAMS")), seed);
}

extern "C" void afl_custom_deinit(void* data) {
  delete static_cast<Mutator*>(data);
}

extern "C" std::size_t afl_custom_fuzz(void* data, std::uint8_t* input, std::size_t size,
                                       std::uint8_t** output, std::uint8_t* other,
                                       std::size_t other_size, std::size_t max_size) {
  Mutator& mutator = *static_cast<Mutator*>(data);
  const auto seed = static_cast<std::uint32_t>(mutator.rng.next());
  mutator.result.resize(std::max(max_size, size));
  *output = mutator.result.data();
  if (other != nullptr && other_size != 0) {
    const std::size_t crossed =
        mutator.session.crossover({input, size}, {other, other_size}, mutator.result, seed);
    if (crossed != 0) return crossed;
  }
  std::copy_n(input, size, mutator.result.begin());
  return mutator.session.mutate(mutator.result, size, seed);
}
