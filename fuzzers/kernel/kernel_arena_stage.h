// KernelArenaStage: the machine that the kernel's arenas live on: what arena_services.h names.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "fuzzers/kernel/contract.h"
#include "fuzzers/kernel/kernel_arena.h"
#include "fuzzers/kernel/provider.h"
#include "lib/bpf/arena_memory.h"

namespace anyctx::target {

/// One at a time is asked by the kernel: that which was reset last.
class KernelArenaStage final : public KernelProvider, public Current<KernelArenaStage> {
 public:
  using Current<KernelArenaStage>::current;
  using Sim = inject::Sim;
  using Space = ArenaStage::Space;

  void reset(inject::Memory& memory, const ArenaOptions& options, const KernelContract& contract);

  ArenaStage& machine() { return machine_; }
  const ArenaStage& machine() const { return machine_; }
  KernelArena& arena(unsigned index) { return arenas_[index]; }
  const KernelArena& arena(unsigned index) const { return arenas_[index]; }
  /// The area that holds this kernel address.
  page::KernelArea<Sim>* area_of(std::uint64_t at);

  // For the kernel.
  void* allocate(std::size_t bytes, std::string_view caller) override;
  void release(void* object) override;
  void* allocate_sleeping(std::size_t bytes, std::string_view caller);
  void release_sleeping(void* object);
  page::Page<Sim>* allocate_page(int node, std::string_view caller);
  void release_page(page::Page<Sim>& page, bool any_context);

  KernelArena& holder_of(const void* member);
  void flush_work(const void* work);
  KernelArena::Vma& mapping_of(const vm_area_struct* vma);

  /// A tree got no node, and it is known what comes of that.
  bool has_lost_slots() const { return lost_slots_; }

 private:
  /// An object that somebody pays for.
  struct Charge {
    const void* object;
    std::size_t bytes;
  };

  void remember(const void* object, std::size_t bytes) { charges_.push_back({object, bytes}); }
  /// Its bytes, once; 0: nobody pays for it.
  std::size_t forget(const void* object);
  bpf::ArenaMemory<Sim> memory() {
    return bpf::ArenaMemory<Sim>(machine_.pages, machine_.slabs, machine_.payer);
  }

  ArenaStage machine_;
  std::array<KernelArena, ArenaSubject::kArenas> arenas_;
  std::vector<Charge> charges_;
  bool may_lose_slots_ = false;
  bool lost_slots_ = false;
  bool flushes_all_ = false;  // what is known of a work that asks for itself is passed over
};

}  // namespace anyctx::target
