// KernelWorld: a target's world on kernel sources. It reads the contract from the program.
#pragma once

#include <memory>

#include "fuzzers/engine/world.h"
#include "fuzzers/kernel/kernel_schema.h"
#include "inject/kernel/places.h"

namespace anyctx::target {

class KernelWorld final : public engine::World {
 public:
  /// `schema` is not owned.
  explicit KernelWorld(const KernelSchema& schema) : schema_(schema) {}

  /// Who asks for it at each setup() gets that of the program.
  const KernelContract& contract() const { return contract_; }
  /// Before the first program.
  void wrap(std::unique_ptr<engine::World> world) { world_ = std::move(world); }

  void setup(const program::Program& program) override {
    contract_ = schema_.contract(program);
    inject::KernelPlaces::clear();
    world_->setup(program);
  }
  engine::Outcome perform(const program::Op& op, inject::Lane lane) override {
    return world_->perform(op, lane);
  }
  void finish() override { world_->finish(); }

 private:
  const KernelSchema& schema_;
  KernelContract contract_;
  std::unique_ptr<engine::World> world_;
};

}  // namespace anyctx::target
