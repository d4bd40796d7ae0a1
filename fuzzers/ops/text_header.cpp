// The first line of a text, read without a schema.

#include <algorithm>

#include "fuzzers/ops/line_cursor.h"
#include "fuzzers/ops/text.h"

namespace anyctx::program {
namespace {

/// The value of "target=VALUE" among the words that are left.
std::string_view target_word(LineCursor& line) {
  while (!line.at_end()) {
    const std::string_view name = line.word();
    if (name.empty() || !line.eat('=')) return {};
    const std::string_view value = line.word();
    if (name == "target") return value;
  }
  return {};
}

}  // namespace

TextHeader text_header(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    LineCursor line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.at_end()) continue;
    if (line.word() != "anyctx") return {};
    const auto version = line.number();
    if (!version) return {};
    return {true, static_cast<unsigned>(std::min<std::uint64_t>(*version, ~0u)), target_word(line)};
  }
  return {};
}

std::string_view target_of_text(std::string_view text) {
  return text_header(text).target;
}

}  // namespace anyctx::program
