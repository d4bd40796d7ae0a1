// ArenaMachineInspector: the inside of the machine that arenas live on, whosoever they are.
#pragma once

#include "fuzzers/targets/arena_own_stage.h"
#include "fuzzers/targets/slab_own_inspector.h"

namespace anyctx::target {

class ArenaMachineInspector : public ArenaInspector {
 public:
  using Sim = inject::Sim;

  explicit ArenaMachineInspector(const ArenaStage& stage)
      : stage_(stage), memory_(stage.pages, stage.slabs) {}

  void user_ptes(unsigned arena, std::vector<model::UserPteView>& ptes) const override;
  model::ArenaPageView page(ArenaPage page) const override;
  std::byte* address(ArenaPage page) const override;
  std::int64_t charged() const override {
    return static_cast<std::int64_t>(stage_.payer.peek_charged());
  }
  ArenaStock stock() const override;
  ArenaSupply supply() const override;

 protected:
  ~ArenaMachineInspector() override = default;
  ArenaPage frame(const page::Page<Sim>* page) const {
    return static_cast<ArenaPage>(stage_.pages.pfn(page));
  }

  const ArenaStage& stage_;
  OwnSlabInspector memory_;
};

}  // namespace anyctx::target
