// The objpool target's schema: parameters, operations and sites of its programs.
#pragma once

#include "fuzzers/ops/schema.h"

namespace anyctx::target {

/// Operations, by their index in the schema.
enum class ObjPoolOp : std::uint8_t { pop, push, churn, recreate };

inline constexpr std::uint32_t kMostPoolObjects = 64;
inline constexpr std::uint32_t kLargestPoolObject = 256;

extern const program::Schema kObjPoolSchema;

}  // namespace anyctx::target
