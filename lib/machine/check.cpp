#include "lib/machine/check.h"

#include <unistd.h>

#include <cstdlib>

namespace anyctx::machine {
namespace {

/// A line built in a fixed buffer: no allocation, no locks, safe at any nesting depth.
class Line {
 public:
  Line& operator<<(const char* text) {
    while (*text != '\0' && used_ < sizeof buffer_) buffer_[used_++] = *text++;
    return *this;
  }
  Line& operator<<(std::uint64_t number) {
    char digits[20];
    unsigned count = 0;
    do {
      digits[count++] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    while (count != 0 && used_ < sizeof buffer_) buffer_[used_++] = digits[--count];
    return *this;
  }
  void write_to_stderr() const {
    // A failed write leaves nothing better to do before the abort.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, buffer_, used_);
  }

 private:
  char buffer_[512];
  unsigned used_ = 0;
};

}  // namespace

void check_failed(const char* condition, const char* file, int line, std::uint64_t left,
                  std::uint64_t right) noexcept {
  Line text;
  text << "anyctx: CHECK failed: " << condition << " (" << left << ", " << right << ") at " << file
       << ":" << static_cast<std::uint64_t>(line) << "\n";
  text.write_to_stderr();
  std::abort();
}

}  // namespace anyctx::machine
