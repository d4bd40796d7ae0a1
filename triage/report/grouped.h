// Grouped: large numbers as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace anyctx::triage {

/// 1234567 as "1,234,567".
inline std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

}  // namespace anyctx::triage
