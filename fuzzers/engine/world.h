// World: one subject under test with its model and oracles, as a target sees it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fuzzers/ops/program.h"
#include "inject/choice/decision.h"
#include "inject/sim/code_stack.h"

namespace anyctx::engine {

/// How one operation went, besides verdicts.
struct Outcome {
  enum class Kind : std::uint8_t {
    done,     // did what it says
    failed,   // returned a legal failure
    vacuous,  // had nothing to act on (an empty slot): nothing was called
  };
  Kind kind = Kind::done;
  std::uint64_t result =
      0;  // goes into the digest and the story: sizes, indices, errno; no address
};

/// Built once and reused: setup() starts from nothing each time. All members run inside the
/// simulation and report by Simulation::stop(). Nothing that owns heap memory may be live on the
/// stack while the subject runs: a verdict abandons stacks without unwinding.
class World {
 public:
  virtual ~World() = default;
  /// Creates the subject and forgets what the model knew. Task context, alone.
  virtual void setup(const program::Program& program) = 0;
  /// Performs one operation and judges it. Runs in the context that the lane is entered in,
  /// possibly nested inside another perform() and interleaved with others.
  virtual Outcome perform(const program::Op& op, inject::Lane lane) = 0;
  /// Gives everything back, drains what is deferred, and checks everything. Task context, alone.
  virtual void finish() = 0;
  /// Where in the code under test the last run was, if it recorded events, and that is known.
  virtual std::vector<inject::CodeStack> stacks() const { return {}; }
};

}  // namespace anyctx::engine
