// Nested operations: what sweeps run inside of operations, and the small alphabets they enumerate,
// as data of a target.
#pragma once

#include <span>
#include <string_view>

namespace anyctx::engine {

/// Operations that a handler runs: lines as in a program's text. In braces stands what depends on
/// the operation that they run inside of:
///   {size}            its argument of this name, else that of the nearest operation which has one
///   {size*2} {size:8} twice that; 8 if no operation has such an argument
///   {1} {2} ...       slots that the program does not use
///   {result}            the latest result, before that operation, that this one takes
/// A list with a brace that nothing can be put in for does not run there.
struct NestedOps {
  std::string_view name;  // one word, for reports
  std::string_view ops;
};

/// Everything about a target that only sweeps use.
struct SweepTables {
  std::span<const NestedOps> nested;
  std::string_view scope_params;                // "cpus=2 pages=64", of small-scope programs
  std::span<const std::string_view> scope_ops;  // their alphabet; {result}: each earlier result
};

}  // namespace anyctx::engine
