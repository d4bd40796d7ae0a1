// Duration: "90s", "5m", "8h".
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace anyctx::triage {

/// A number with s, m or h behind it; none means seconds. Throws SetupError.
std::chrono::seconds parse_duration(std::string_view text);

/// "1:05", "2:00:00".
std::string to_clock(std::chrono::seconds duration);

}  // namespace anyctx::triage
