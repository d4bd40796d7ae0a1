// LineCursor: reads one line of a program from left to right. Keeps the first error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace anyctx::program {

class LineCursor {
 public:
  /// A comment at the end of the line is not part of it.
  explicit LineCursor(std::string_view line);

  /// True if only white space is left.
  bool at_end();
  /// The next character that is not white space; 0 at the end.
  char peek();
  /// Consumes `c` if it comes next, after white space.
  bool eat(char c);
  /// Like eat(); an error that says `what` was expected otherwise.
  bool expect(char c, std::string_view what);
  /// Consumes letters, digits and underscores; empty if there are none.
  std::string_view word();
  /// Like word(), with dots.
  std::string_view dotted_word();
  /// Consumes a decimal number; none, and nothing consumed, without digits. Saturates.
  std::optional<std::uint64_t> number();
  /// Consumes a number in [min, max]; an error that names `what` otherwise.
  template <class Integer>
  bool number_in(std::string_view what, std::uint64_t min, std::uint64_t max, Integer& out) {
    std::uint64_t value = 0;
    if (!ranged_number(what, min, max, value)) return false;
    out = static_cast<Integer>(value);
    return true;
  }

  /// Where the next token starts, from 1.
  unsigned column();
  /// Sets the error, unless there is one, at the start of the token read last. Returns false.
  bool fail(std::string message) { return fail_at(token_, std::move(message)); }
  bool fail_at(unsigned column, std::string message);
  /// An error about what comes next: "expected WHAT, found ...".
  bool expected(std::string_view what);

  unsigned error_column() const { return error_column_; }
  const std::string& error() const { return error_; }

 private:
  bool ranged_number(std::string_view what, std::uint64_t min, std::uint64_t max,
                     std::uint64_t& out);
  std::string_view take_while(bool (*wanted)(char));

  std::string_view line_;
  std::size_t position_ = 0;
  unsigned token_ = 1;
  unsigned error_column_ = 0;
  std::string error_;
};

}  // namespace anyctx::program
