// ObjPoolWorld: users of one object pool, who keep what they pop, hand it on and push it again.
#pragma once

#include <memory>

#include "fuzzers/engine/slots.h"
#include "fuzzers/engine/world.h"
#include "fuzzers/targets/objpool_judge.h"

namespace anyctx::target {

class ObjPoolWorld final : public engine::World {
 public:
  ObjPoolWorld(inject::Simulation& simulation, std::unique_ptr<ObjPoolSubject> subject)
      : subject_(std::move(subject)), judge_(simulation, *subject_) {}

  void setup(const program::Program& program) override;
  engine::Outcome perform(const program::Op& op, inject::Lane lane) override;
  void finish() override;

 private:
  using Outcome = engine::Outcome;

  Outcome dispatch(const program::Op& op);
  Outcome churn(std::uint32_t count, bool reverse);
  Outcome recreate(std::uint32_t count, std::uint32_t size, std::uint32_t refused);
  void take_down();

  std::unique_ptr<ObjPoolSubject> subject_;
  ObjPoolJudge judge_;
  engine::Slots<void*, 128> kept_;
  bool open_ = false;  // not being set up or taken down: what interrupts that does nothing
};

}  // namespace anyctx::target
