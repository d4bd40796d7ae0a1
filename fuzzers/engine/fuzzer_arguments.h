// Fuzzer arguments: those for us among an engine's.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace anyctx::engine {

/// What follows `flag` in those arguments that begin with it, which are removed.
inline std::vector<std::string> take_values(std::string_view flag, int* argc, char** argv) {
  std::vector<std::string> values;
  int kept = 1;
  for (int i = 1; i < *argc; ++i) {
    const std::string_view argument(argv[i]);
    if (argument.starts_with(flag)) {
      values.emplace_back(argument.substr(flag.size()));
    } else {
      argv[kept++] = argv[i];
    }
  }
  argv[kept] = nullptr;
  *argc = kept;
  return values;
}

/// Where states are counted (Feedback): where the engine looks, or, after --feedback=code, where it
/// does not. `unseen` has as much room.
inline std::span<std::uint8_t> state_counters(std::span<std::uint8_t> seen,
                                              std::span<std::uint8_t> unseen, int* argc,
                                              char** argv) {
  const auto values = take_values("--feedback=", argc, argv);
  return !values.empty() && values.back() == "code" ? unseen : seen;
}

}  // namespace anyctx::engine
