// Script: the reader that replays a sparse list of decisions.
#pragma once

#include <span>

#include "inject/choice/decision.h"

namespace anyctx::inject {

/// Decisions sorted by operation, so that an operation finds its own in one search, once.
class Script {
 public:
  Script() = default;
  explicit Script(const Decisions& decisions) { assign(decisions); }

  /// Decisions for one operation keep the order in which they were given.
  void assign(const Decisions& decisions);

  /// The decisions of one operation. Valid until the next assign().
  std::span<const Decision> of(const OpRef& where) const;

  bool empty() const { return sorted_.empty(); }

 private:
  Decisions sorted_;
};

}  // namespace anyctx::inject
