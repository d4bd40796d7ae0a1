// Comparer: the answers of two subjects to one program, operation by operation.
//
// Two runs can be compared as long as they are one: the same decisions were taken in the same
// operations, operations began and ended in the same order, and the same things failed by
// themselves. From the first operation in which that ends nothing is compared: what differs there
// need not be anybody's fault.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "fuzzers/engine/comparison.h"
#include "fuzzers/ops/program.h"
#include "inject/fault/verdict.h"
#include "inject/sim/event.h"

namespace anyctx::engine {

/// How much was compared; of one run, or of many.
struct CompareCount {
  std::uint64_t runs = 0;                   // in which a reference was asked
  std::uint64_t compared = 0;               // operations
  std::uint64_t exempt = 0;                 // whose answers are not compared, or in part
  std::uint64_t rest = 0;                   // behind the end of what can be compared
  std::array<std::uint64_t, kCuts> cuts{};  // runs, by why they end to be one

  void add(const CompareCount& other);
};

/// "a decision was taken by one subject only", ...
std::string_view to_string(Cut cut);
/// As a word: "decision", ...
std::string_view name_of(Cut cut);

/// What became of a comparison.
struct Compared {
  CompareCount count;
  std::optional<Cut> cut;
  std::size_t at = 0;                      // the subject's event that ended it, or was last
  std::optional<inject::Verdict> verdict;  // they disagree
};

/// A run: its events and how it ended.
struct Answers {
  const std::vector<inject::Event>& events;
  const std::optional<inject::Verdict>& verdict;
};

/// `subject`, which ended without a verdict, beside `reference`. `passes_known`: what
/// Comparison::known says is passed over.
Compared compare(const program::Schema& schema, const program::Program& program,
                 const Comparison& comparison, bool passes_known, const Answers& subject,
                 const Answers& reference);

}  // namespace anyctx::engine
