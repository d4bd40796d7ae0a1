#include "inject/fault/script.h"

#include <algorithm>

namespace anyctx::inject {

void Script::assign(const Decisions& decisions) {
  // Insertion keeps equal ones in order, and the lists are short.
  sorted_.clear();
  for (const Decision& decision : decisions) {
    sorted_.insert(std::ranges::upper_bound(sorted_, decision.where, {}, &Decision::where),
                   decision);
  }
}

std::span<const Decision> Script::of(const OpRef& where) const {
  const auto range = std::ranges::equal_range(sorted_, where, {}, &Decision::where);
  return {range.begin(), range.end()};
}

}  // namespace anyctx::inject
