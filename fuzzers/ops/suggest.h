// Suggest: "did you mean ...?" for misspelt names.
#pragma once

#include <string>
#include <string_view>

namespace anyctx::program {

/// How many single-character changes turn one word into the other.
unsigned edit_distance(std::string_view left, std::string_view right);

/// Keeps the nearest of the names offered, if it is near enough to be what was meant.
class Suggestion {
 public:
  explicit Suggestion(std::string_view word) : word_(word) {}
  void offer(std::string_view name);
  /// "; did you mean NAME?", or nothing.
  std::string clause() const;

 private:
  std::string_view word_;
  std::string nearest_;
  unsigned distance_ = ~0u;
};

}  // namespace anyctx::program
