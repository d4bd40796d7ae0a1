// The stream target's schema: its operations, parameters and sites.
#pragma once

#include "fuzzers/ops/schema.h"

namespace anyctx::target {

/// Codes of the operations: the order of the table, which never changes.
enum class StreamOp : std::uint8_t {
  print,
  commit,
  discard,
  read,
  read_all,
  churn,
  recreate,
};

inline constexpr unsigned kMostStreamPages = 256;

extern const program::Schema kStreamSchema;

}  // namespace anyctx::target
