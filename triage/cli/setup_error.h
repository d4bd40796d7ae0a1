// SetupError: something about arguments, files or the machine that a person can put right.
#pragma once

#include <stdexcept>

#include "triage/report/exit_code.h"

namespace anyctx::triage {

/// Its text is one line that says what is wrong and what to do. Exit code 2.
class SetupError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace anyctx::triage
