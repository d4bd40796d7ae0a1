// KernelArenaInspector: the inside of the kernel's arenas, for oracles.
#pragma once

#include "fuzzers/kernel/kernel_arena_stage.h"
#include "fuzzers/targets/arena_machine_inspector.h"

namespace anyctx::target {

class KernelArenaInspector final : public ArenaMachineInspector {
 public:
  explicit KernelArenaInspector(const KernelArenaStage& stage)
      : ArenaMachineInspector(stage.machine()), arenas_(stage) {}

  model::ArenaGeometry geometry(unsigned arena) const override;
  void free_runs(unsigned arena, std::vector<model::SlotRange>& runs) const override;
  std::string_view tree_fault(unsigned arena) const override;
  void leaves(unsigned arena, std::vector<model::LeafView>& leaves) const override;
  bool leaf(unsigned arena, std::int64_t kernel_page, model::LeafView& leaf) const override;
  void spans(unsigned arena, std::vector<model::SlotRange>& spans) const override;
  bool has_lost_slots() const override { return arenas_.has_lost_slots(); }
  void vmas(unsigned arena, std::vector<model::VmaView>& vmas) const override;
  std::uint64_t counter(unsigned arena) const override;
  bool lock_is_free(unsigned arena) const override { return at(arena)->lock_is_free(); }
  bool work_is_idle(unsigned arena) const override {
    return at(arena) == nullptr || at(arena)->idle();
  }

  void tlb(unsigned arena, std::vector<model::TlbView>& entries) const override;
  ArenaStock owned() const override;

 private:
  /// Null when it is gone, which can be before the call that destroys it ends.
  const KernelArena* at(unsigned arena) const {
    const KernelArena& found = arenas_.arena(arena);
    return found.exists() ? &found : nullptr;
  }
  /// The kernel's mapping of an arena.
  struct Mapping {
    std::uint64_t start;
    std::uint32_t scratch_page;
  };
  static Mapping mapping_of(const KernelArena& arena);
  model::LeafView view(const Mapping& mapping, std::uint64_t address, const page::Page<Sim>* page,
                       bool unsynced) const;

  const KernelArenaStage& arenas_;
};

}  // namespace anyctx::target
