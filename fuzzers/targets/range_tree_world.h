// RangeTreeWorld: an owner of a range tree, with its lock, and others who use up its memory.
#pragma once

#include <memory>

#include "fuzzers/engine/slots.h"
#include "fuzzers/engine/world.h"
#include "fuzzers/targets/range_tree_judge.h"

namespace anyctx::target {

class RangeTreeWorld final : public engine::World {
 public:
  RangeTreeWorld(inject::Simulation& simulation, std::unique_ptr<RangeTreeSubject> subject);

  void setup(const program::Program& program) override;
  engine::Outcome perform(const program::Op& op, inject::Lane lane) override;
  void finish() override;

 private:
  using Outcome = engine::Outcome;

  /// What other users took. They take and give without a point in between.
  using Hoard = engine::Slots<void*, 4096>;  // all in slot 0

  Outcome dispatch(const program::Op& op);
  template <class F>
  Outcome locked(F call);
  int comb(std::uint64_t start, std::uint32_t teeth);
  std::int64_t find_and_clear(std::uint64_t length);
  int create();
  template <class Allocate>
  Outcome take(Hoard& hoard, std::uint32_t count, Allocate allocate);
  Outcome give_back();

  inject::Simulation& simulation_;
  std::unique_ptr<RangeTreeSubject> subject_;
  RangeTreeJudge judge_;
  Hoard objects_;
  Hoard pages_;
  bool locked_ = false;
  bool open_ = false;  // not being set up or torn down: what interrupts that does nothing
};

}  // namespace anyctx::target
