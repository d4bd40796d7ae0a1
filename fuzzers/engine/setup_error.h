// SetupError: something about arguments, files or the machine that a person can put right.
#pragma once

#include <stdexcept>

namespace anyctx::engine {

/// Its text is one line that says what is wrong and what to do. Exit code 2.
class SetupError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline constexpr int kExitClean = 0;
inline constexpr int kExitSetup = 2;
inline constexpr int kExitTimeout = 70;
inline constexpr int kExitBug = 77;

}  // namespace anyctx::engine
