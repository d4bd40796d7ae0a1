// Minimizer: the smallest program that still shows what a program shows.
//
// Removes operations, decisions, lanes, parameters and the walk, in halves, quarters, ... down to
// single ones and pairs (delta debugging), then makes what is left plainer, and begins again until
// nothing helps. When operations go, the decisions that remain still mean the operations they
// meant; since what went may have passed points too, occurrences are searched again. Only programs
// that cost less are tried, each once, so that it ends. Deterministic if the question is.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <unordered_set>

#include "fuzzers/ops/program.h"
#include "triage/minimize/cost.h"

namespace anyctx::triage {

class Minimizer {
 public:
  /// Whether a normal program shows what shall be kept.
  using Question = std::function<bool(const program::Program&)>;
  /// Asked now and then; true: be content with what there is.
  using Enough = std::function<bool()>;

  Minimizer(const program::Schema& schema, Question shows, Enough enough);

  /// `program` must show it. What is returned was asked about, unless nothing smaller was found.
  program::Program minimize(program::Program program);

  /// How many programs were asked about.
  std::size_t asked() const { return asked_; }

 private:
  friend class Simplifier;

  bool try_this(program::Program candidate);

  bool drop_walk();
  bool drop_params();
  bool drop_decisions();
  bool drop_lanes();
  bool drop_ops();
  bool drop_ops_keeping_decisions();
  bool drop_pairs();
  bool merge_lanes();
  bool search_occurrences(const program::Program& candidate);

  const program::Schema& schema_;
  Question shows_;
  Enough enough_;
  program::Program best_;
  Cost cost_{};
  std::unordered_set<std::string> seen_;
  std::size_t asked_ = 0;
};

}  // namespace anyctx::triage
