// OwnArenaInspector: the inside of the arenas in lib/bpf, for oracles.
#pragma once

#include "fuzzers/targets/arena_machine_inspector.h"

namespace anyctx::target {

class OwnArenaInspector final : public ArenaMachineInspector {
 public:
  using ArenaMachineInspector::ArenaMachineInspector;

  model::ArenaGeometry geometry(unsigned arena) const override;
  void free_runs(unsigned arena, std::vector<model::SlotRange>& runs) const override;
  std::string_view tree_fault(unsigned arena) const override;
  void leaves(unsigned arena, std::vector<model::LeafView>& leaves) const override;
  bool leaf(unsigned arena, std::int64_t kernel_page, model::LeafView& leaf) const override;
  void spans(unsigned arena, std::vector<model::SlotRange>& spans) const override;
  bool has_late_slots(unsigned arena) const override;
  void vmas(unsigned arena, std::vector<model::VmaView>& vmas) const override;
  std::uint64_t counter(unsigned arena) const override;
  bool lock_is_free(unsigned arena) const override;
  bool work_is_idle(unsigned arena) const override;

  void tlb(unsigned arena, std::vector<model::TlbView>& entries) const override;
  ArenaStock owned() const override;

 private:
  using Arena = ArenaStage::Arena;

  /// Null when it is gone, which can be before the call that destroys it ends.
  const Arena* at(unsigned arena) const { return stage_.arenas[arena].load(); }
  model::LeafView view(const Arena& arena, std::uint64_t address,
                       const page::Page<Sim>* page) const;
};

}  // namespace anyctx::target
