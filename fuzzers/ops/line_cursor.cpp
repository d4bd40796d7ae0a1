#include "fuzzers/ops/line_cursor.h"

#include <fmt/format.h>

#include <limits>

namespace anyctx::program {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_word(char c) {
  return is_digit(c) || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string_view without_comment(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i)
    if (line[i] == '#' && (i == 0 || is_space(line[i - 1]))) return line.substr(0, i);
  return line;
}

std::string quoted(char c) {
  const bool printable = c >= 0x20 && c < 0x7f;
  return printable ? fmt::format("'{}'", c)
                   : fmt::format("byte 0x{:02x}", static_cast<unsigned char>(c));
}

}  // namespace

LineCursor::LineCursor(std::string_view line) : line_(without_comment(line)) {}

char LineCursor::peek() {
  while (position_ < line_.size() && is_space(line_[position_])) ++position_;
  return position_ < line_.size() ? line_[position_] : '\0';
}

bool LineCursor::at_end() {
  peek();
  return position_ == line_.size();
}

unsigned LineCursor::column() {
  peek();
  return static_cast<unsigned>(position_) + 1;
}

bool LineCursor::eat(char c) {
  if (at_end() || line_[position_] != c) return false;
  ++position_;
  return true;
}

bool LineCursor::expect(char c, std::string_view what) {
  return eat(c) || expected(what);
}

std::string_view LineCursor::take_while(bool (*wanted)(char)) {
  token_ = column();
  const std::size_t start = position_;
  while (position_ < line_.size() && wanted(line_[position_])) ++position_;
  return line_.substr(start, position_ - start);
}

std::string_view LineCursor::word() {
  return take_while(is_word);
}

std::string_view LineCursor::dotted_word() {
  return take_while([](char c) { return is_word(c) || c == '.'; });
}

std::optional<std::uint64_t> LineCursor::number() {
  const std::string_view digits = take_while(is_digit);
  if (digits.empty()) return std::nullopt;
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t value = 0;
  for (const char c : digits) {
    const std::uint64_t digit = static_cast<std::uint64_t>(c - '0');
    value = value > (kMost - digit) / 10 ? kMost : value * 10 + digit;
  }
  return value;
}

bool LineCursor::ranged_number(std::string_view what, std::uint64_t min, std::uint64_t max,
                               std::uint64_t& out) {
  const auto value = number();
  if (!value) return expected(fmt::format("{}, a number", what));
  if (*value < min || *value > max)
    return fail(fmt::format("{} must be {} to {}, not {}", what, min, max, *value));
  out = *value;
  return true;
}

bool LineCursor::fail_at(unsigned column, std::string message) {
  if (error_.empty()) {
    error_column_ = column;
    error_ = std::move(message);
  }
  return false;
}

bool LineCursor::expected(std::string_view what) {
  const unsigned here = column();
  const std::string found = at_end() ? "the end of the line" : quoted(line_[position_]);
  return fail_at(here, fmt::format("expected {}, found {}", what, found));
}

}  // namespace anyctx::program
