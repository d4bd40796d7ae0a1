// ArenaScene: what the oracles of the arena target go by: the subject's inside, the model, and
// which calls are in progress.
//
// Rules are of three strengths. Some hold at every moment (no page is freed that somebody can
// reach). Some while nobody has the arena's lock (tree, pages and counter agree). The strictest
// when no call is in progress: then every slot is what the calls so far can have made of it. For a
// call that was alone this is one state, or the few that its recorded failures permit.
#pragma once

#include <string>
#include <string_view>

#include "fuzzers/model/arena_shadow.h"
#include "fuzzers/model/arena_space.h"
#include "fuzzers/targets/arena_subject.h"
#include "fuzzers/targets/user_count.h"
#include "inject/fault/verdict.h"
#include "inject/sim/simulation.h"

namespace anyctx::target {

/// One call of the subject. Lives on the stack of its caller, which may be abandoned.
struct ArenaCall {
  bool alone = false;    // no other call was or came to be in progress
  bool quiet = false;    // nor anything else, and no decision was taken
  bool settled = false;  // when it began, the model knew everything for certain
  bool excused = false;  // it may fail for a reason that lies outside of the arena
  std::uint64_t serial = 0;
  std::uint32_t causes = 0;  // primitives that failed: before it, until it has ended
};

class ArenaScene {
 public:
  ArenaScene(inject::Simulation& simulation, const ArenaInspector& inspector)
      : simulation_(simulation), inspector_(inspector) {}

  /// Forgets everything. There is no arena.
  void reset(const ArenaStrictness& strictness);
  /// The arena under test was created. It will have at most `slots` slots.
  void created(std::uint32_t slots);
  void destroyed() { exists_ = false; }
  bool exists() const { return exists_; }

  ArenaCall begin_call();
  /// `call` knows then how it went.
  void end_call(ArenaCall& call);
  unsigned calls() const { return calls_.count(); }  // in progress
  /// Calls so far.
  std::uint64_t serial() const { return serial_; }

  /// Ends the run with a verdict.
  [[noreturn]] void accuse(inject::VerdictKind kind, std::string_view rule, std::string expected,
                           std::string found) const;

  inject::Simulation& simulation() const { return simulation_; }
  const ArenaInspector& inspector() const { return inspector_; }
  const ArenaStrictness& strictness() const { return strictness_; }
  /// Of the arena under test.
  model::ArenaGeometry geometry() const { return inspector_.geometry(0); }
  bool leaf(std::uint32_t slot, model::LeafView& leaf) const {
    return inspector_.leaf(0, geometry().kernel_page(slot), leaf);
  }
  /// No free waits for the worker, and the worker has nothing to do.
  bool is_at_rest() const;
  /// Nor are slots late.
  bool is_settled() const { return is_at_rest() && !inspector_.has_late_slots(0); }

  // The model.
  model::ArenaShadow shadow;
  model::ArenaSpace space;
  bool doomed = false;  // some slot of the shadow is
  bool stale = false;   // calls came together since the slots were judged last

 private:
  bool is_excused(std::uint32_t first_cause) const;
  void judge_own_lock(std::uint32_t first_cause) const;

  inject::Simulation& simulation_;
  const ArenaInspector& inspector_;
  ArenaStrictness strictness_;
  bool exists_ = false;
  UserCount calls_;
  std::uint64_t serial_ = 0;
  mutable std::vector<model::SlotRange> spans_;
};

std::string describe(const model::SlotRange& range);

}  // namespace anyctx::target
