// KernelWorld: a target's world on kernel sources. It reads the contract from the program.
#pragma once

#include <memory>

#include "fuzzers/engine/world.h"
#include "fuzzers/kernel/kernel_schema.h"
#include "inject/kernel/stacks.h"

namespace anyctx::target {

class KernelWorld final : public engine::World {
 public:
  /// `schema` is not owned. Looks at what happens in `simulation`, which outlives this.
  KernelWorld(const KernelSchema& schema, inject::Simulation& simulation)
      : schema_(schema), simulation_(simulation) {
    simulation_.set_onlooker(&stacks_);
  }
  ~KernelWorld() override { simulation_.set_onlooker(nullptr); }

  /// Who asks for it at each setup() gets that of the program.
  const KernelContract& contract() const { return contract_; }
  /// Before the first program.
  void wrap(std::unique_ptr<engine::World> world) { world_ = std::move(world); }

  void setup(const program::Program& program) override {
    contract_ = schema_.contract(program);
    stacks_.clear();
    world_->setup(program);
  }
  engine::Outcome perform(const program::Op& op, inject::Lane lane) override {
    return world_->perform(op, lane);
  }
  void finish() override { world_->finish(); }
  std::vector<inject::CodeStack> stacks() const override { return stacks_.told(); }

 private:
  const KernelSchema& schema_;
  inject::Simulation& simulation_;
  inject::KernelStacks stacks_;
  KernelContract contract_;
  std::unique_ptr<engine::World> world_;
};

}  // namespace anyctx::target
