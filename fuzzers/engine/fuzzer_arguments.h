// Fuzzer arguments: those for us among an engine's.
#pragma once

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

/// What follows the last of them, or `otherwise` if there is none.
inline std::string last_value(std::string_view flag, std::string_view otherwise, int* argc,
                              char** argv) {
  const std::vector<std::string> values = take_values(flag, argc, argv);
  return values.empty() ? std::string(otherwise) : values.back();
}

}  // namespace anyctx::engine
