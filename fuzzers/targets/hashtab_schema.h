// The hashtab target's schema: parameters, operations and sites of its programs.
#pragma once

#include "fuzzers/ops/schema.h"

namespace anyctx::target {

/// Operations, by their index in the schema.
enum class HashTabOp : std::uint8_t { update, remove, lookup, take_objects, give_back };

inline constexpr std::uint32_t kHashKeys = 16;
inline constexpr std::uint32_t kMostHashEntries = 16;
inline constexpr std::uint32_t kMostValueWords = 4;
inline constexpr std::uint32_t kMostHashTabPages = 128;

extern const program::Schema kHashTabSchema;

}  // namespace anyctx::target
