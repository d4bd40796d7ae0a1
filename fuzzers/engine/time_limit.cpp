#include "fuzzers/engine/time_limit.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include "fuzzers/engine/setup_error.h"

namespace anyctx::engine {
namespace {

std::string last_words;

void end_process(int) {
  [[maybe_unused]] const ssize_t written =
      ::write(STDERR_FILENO, last_words.data(), last_words.size());
  ::_exit(kExitTimeout);
}

}  // namespace

TimeLimit::TimeLimit(unsigned seconds, const std::string& what) {
  last_words = fmt::format("anyctx: {} did not end within {} s\n", what, seconds);
  ::signal(SIGALRM, end_process);
  ::alarm(seconds);
}

TimeLimit::~TimeLimit() {
  ::alarm(0);
}

}  // namespace anyctx::engine
