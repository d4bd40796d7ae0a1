#include "fuzzers/model/content.h"

#include <cstring>

namespace anyctx::model {
namespace {

// Never zero and never a byte that allocators use as poison in all places.
std::uint64_t pattern(std::uint32_t owner) {
  std::uint64_t word = (owner + 1) * 0x9e3779b97f4a7c15u;
  word ^= word >> 29;
  return word | 0x0100'0100'0100'0101u;
}

std::optional<std::size_t> find_other(const void* at, std::size_t bytes, std::uint64_t word) {
  const auto* const begin = static_cast<const unsigned char*>(at);
  const std::size_t words = bytes / sizeof word;
  std::uint64_t difference = 0;
  for (std::size_t i = 0; i < words; ++i) {
    std::uint64_t found;
    std::memcpy(&found, begin + i * sizeof word, sizeof word);
    difference |= found ^ word;
  }
  const std::size_t tail = words * sizeof word;
  const bool tail_differs = std::memcmp(begin + tail, &word, bytes - tail) != 0;
  if (difference == 0 && !tail_differs) return std::nullopt;
  const auto* const pattern_bytes = reinterpret_cast<const unsigned char*>(&word);
  for (std::size_t i = 0; i < bytes; ++i) {
    if (begin[i] != pattern_bytes[i % sizeof word]) return i;
  }
  return std::nullopt;
}

}  // namespace

void fill_content(void* at, std::size_t bytes, std::uint32_t owner) {
  const std::uint64_t word = pattern(owner);
  auto* const begin = static_cast<unsigned char*>(at);
  const std::size_t words = bytes / sizeof word;
  for (std::size_t i = 0; i < words; ++i) std::memcpy(begin + i * sizeof word, &word, sizeof word);
  const std::size_t tail = words * sizeof word;
  std::memcpy(begin + tail, &word, bytes - tail);
}

std::optional<std::size_t> find_changed(const void* at, std::size_t bytes, std::uint32_t owner) {
  return find_other(at, bytes, pattern(owner));
}

std::optional<std::size_t> find_nonzero(const void* at, std::size_t bytes) {
  return find_other(at, bytes, 0);
}

std::uint8_t content_byte(std::size_t offset, std::uint32_t owner) {
  const std::uint64_t word = pattern(owner);
  std::uint8_t bytes[sizeof word];
  std::memcpy(bytes, &word, sizeof word);
  return bytes[offset % sizeof word];
}

}  // namespace anyctx::model
