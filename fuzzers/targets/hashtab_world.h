// HashTabWorld: users of one hash table in every context, and others who use up its memory.
#pragma once

#include <memory>

#include "fuzzers/engine/slots.h"
#include "fuzzers/engine/world.h"
#include "fuzzers/targets/hashtab_judge.h"

namespace anyctx::target {

class HashTabWorld final : public engine::World {
 public:
  HashTabWorld(inject::Simulation& simulation, std::unique_ptr<HashTabSubject> subject)
      : simulation_(simulation), subject_(std::move(subject)), judge_(simulation, *subject_) {}

  void setup(const program::Program& program) override;
  engine::Outcome perform(const program::Op& op, inject::Lane lane) override;
  void finish() override;

 private:
  using Outcome = engine::Outcome;

  Outcome dispatch(const program::Op& op);
  Outcome take_objects(std::uint32_t count);
  Outcome give_back();

  inject::Simulation& simulation_;
  std::unique_ptr<HashTabSubject> subject_;
  HashTabJudge judge_;
  engine::Slots<void*, 4096> objects_;  // all in slot 0
  bool open_ = false;                   // not being set up or taken down
};

}  // namespace anyctx::target
