// ArenaStage: the machine that the arenas of lib/bpf live on: memory, kernel addresses, processes.
#pragma once

#include <array>
#include <atomic>
#include <optional>
#include <span>
#include <vector>

#include "fuzzers/targets/arena_subject.h"
#include "fuzzers/targets/slab_stack.h"
#include "inject/sim/sim_machine.h"
#include "lib/bpf/arena.h"

namespace anyctx::target {

struct ArenaStage : SlabStack {
  using Arena = bpf::Arena<Sim>;
  using Space = page::AddressSpace<Sim>;

  /// A process that is gone can be in use for a while.
  static constexpr unsigned kSpaces = ArenaSubject::kProcesses + 2;
  static constexpr std::size_t kPtes = 256;  // per process

  void reset(inject::Memory& memory, const ArenaOptions& asked);

  bpf::ArenaEnv<Sim> env() { return {&pages, &slabs, &kernel, &payer, &*lock_cpus}; }
  Space& space(unsigned process) { return spaces[space_of[process].load()]; }
  std::span<page::KernelArea<Sim>> areas() { return area_storage_; }
  /// Another process by this number. Nobody runs in the old one any more.
  void new_space(unsigned process);

  ArenaOptions options;
  page::KernelSpace<Sim> kernel;
  page::MemCgroup<Sim> payer;
  std::optional<sync::RqCpus<Sim>> lock_cpus;
  std::array<Space, kSpaces> spaces;
  // Whoever finds something here finds it complete.
  std::array<std::atomic<unsigned>, ArenaSubject::kProcesses> space_of{};
  std::array<std::atomic<Arena*>, ArenaSubject::kArenas> arenas{};

 private:
  void take_space(unsigned process);

  std::array<bool, kSpaces> was_used_{};
  std::vector<page::KernelArea<Sim>> area_storage_;
  std::vector<page::LeafGroup<Sim>> leaf_storage_;
  std::array<std::array<page::UserPte<Sim>, kPtes>, kSpaces> pte_storage_;
};

}  // namespace anyctx::target
