#include "fuzzers/ops/suggest.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace anyctx::program {

unsigned edit_distance(std::string_view left, std::string_view right) {
  // Levenshtein, one row of the table at a time.
  std::vector<unsigned> row(right.size() + 1);
  std::iota(row.begin(), row.end(), 0u);
  for (std::size_t i = 0; i < left.size(); ++i) {
    unsigned diagonal = row[0];
    row[0] = static_cast<unsigned>(i + 1);
    for (std::size_t j = 0; j < right.size(); ++j) {
      const unsigned replace = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replace, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

void Suggestion::offer(std::string_view name) {
  // At most a third of the word may be wrong, and very long words are not worth a table.
  if (word_.size() > 64) return;
  const unsigned distance = edit_distance(word_, name);
  if (distance >= distance_ || distance > std::max<std::size_t>(1, word_.size() / 3)) return;
  distance_ = distance;
  nearest_ = name;
}

std::string Suggestion::clause() const {
  return nearest_.empty() ? "" : "; did you mean " + nearest_ + "?";
}

}  // namespace anyctx::program
