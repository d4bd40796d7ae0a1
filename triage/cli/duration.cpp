#include "triage/cli/duration.h"

#include <fmt/format.h>

#include <charconv>

#include "triage/cli/setup_error.h"

namespace anyctx::triage {

std::chrono::seconds parse_duration(std::string_view text) {
  constexpr std::int64_t kYear = 365 * 24 * 3600;
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  const int factor = unit.empty() || unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  if (error != std::errc() || factor == 0 || number < 1 || number > kYear / factor)
    throw SetupError(fmt::format("'{}' is not a time; write 90s, 5m or 8h", text));
  return std::chrono::seconds(number * factor);
}

std::string to_clock(std::chrono::seconds duration) {
  const auto seconds = duration.count();
  if (seconds < 3600) return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

}  // namespace anyctx::triage
