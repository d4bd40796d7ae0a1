#include "triage/cli/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace anyctx::triage {
namespace {

/// So that the updating line never wraps.
std::size_t columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 79;
  return size.ws_col - 1u;
}

}  // namespace

Progress::Progress(std::chrono::seconds period)
    : period_(period), terminal_(::isatty(STDERR_FILENO) != 0), next_(Clock::now() + period) {}

void Progress::show(const std::string& line) {
  if (terminal_) {
    fmt::print(stderr, "\r\033[K{}", line.substr(0, columns()));
    std::fflush(stderr);
    shown_ = true;
  } else if (Clock::now() >= next_) {
    fmt::print(stderr, "anyctx: {}\n", line);
    next_ = Clock::now() + period_;
  }
}

void Progress::say(const std::string& line) {
  clear();
  fmt::print(stderr, "anyctx: {}\n", line);
}

void Progress::log(const std::string& line) {
  if (!terminal_) say(line);
}

void Progress::clear() {
  if (shown_) fmt::print(stderr, "\r\033[K");
  shown_ = false;
}

}  // namespace anyctx::triage
