// RangeTreeJudge: the oracles of a range tree. It performs calls with the tree's lock held,
// predicts each result and the runs that it leaves, and looks for the reason of what failed.
#pragma once

#include <string>

#include "fuzzers/model/range_set.h"
#include "fuzzers/targets/range_tree_subject.h"

namespace anyctx::target {

class RangeTreeJudge {
 public:
  enum class Change : bool { clear, set };

  RangeTreeJudge(inject::Simulation& simulation, RangeTreeSubject& subject);

  /// The model is as empty as a tree that was just initialised.
  void reset(std::uint64_t limit);  // lowered to what the subject can hold
  const model::RangeSet& model() const { return model_; }

  /// Operations of the target that are in progress.
  void begin_call() { ++calls_; }
  void end_call() { --calls_; }

  // Calls. They return what the subject returned.

  int change(Change change, std::uint64_t start, std::uint64_t length);
  int is_set(std::uint64_t start, std::uint64_t length);
  std::int64_t find(std::uint64_t length);
  void destroy();

  /// An attempt at the lock failed; there were so many causes before.
  void judge_lock(std::uint32_t causes) const;
  /// Structure, contents and nodes of the tree as it is.
  void check_runs(std::uint64_t start, std::uint64_t end, int result);

 private:
  struct Before {
    std::uint32_t causes = 0;
    std::uint32_t steps = 0;
    std::size_t runs = 0;
    bool may_fail = false;  // memory or locks may be short for reasons of their own
  };

  Before look() const;
  bool has_excuse(std::uint32_t causes) const;
  bool needs_node(Change change, std::uint64_t start, std::uint64_t length) const;
  void judge_no_memory(const Before& before, bool needs_node) const;
  void forget_lost();
  void check_steps(const Before& before) const;
  [[noreturn]] void stop(inject::VerdictKind kind, const char* rule, std::string expected,
                         std::string found) const;

  inject::Simulation& simulation_;
  RangeTreeSubject& subject_;
  const RangeTreeInspector& inspector_;
  RangeTreeStrictness strictness_;
  model::RangeSet model_;
  std::vector<model::Run> found_;
  unsigned calls_ = 0;
};

}  // namespace anyctx::target
