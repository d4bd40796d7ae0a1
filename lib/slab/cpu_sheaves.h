// CpuSheaves: the sheaves that one CPU of a cache allocates from and frees to.
// Source: Linux 7.3 mm/slub.c (struct slub_percpu_sheaves).
#pragma once

#include "lib/machine/percpu.h"
#include "lib/page/spin.h"
#include "lib/slab/sheaf.h"
#include "lib/sync/local_lock.h"

namespace anyctx::slab {

/// Whoever finds the lock taken is nested in its section, and does without sheaves. While it is not
/// taken, there is a main sheaf, and the spare one is empty or full.
template <machine::Machine M>
struct CpuSheaves {
  machine::Atomic<M, Sheaf<M>*, site::cpu_main> main;
  machine::Atomic<M, Sheaf<M>*, site::cpu_spare> spare;  // null: none
  // Objects that were freed and that readers may still see; null: none. Never full.
  machine::Atomic<M, Sheaf<M>*, site::cpu_waiting> waiting;
  sync::LocalLock<M, site::sheaf_lock> lock;

  Sheaf<M>* load_main() const { return main.load(std::memory_order_relaxed); }
  Sheaf<M>* load_spare() const { return spare.load(std::memory_order_relaxed); }
  Sheaf<M>* load_waiting() const { return waiting.load(std::memory_order_relaxed); }
  void set_waiting(Sheaf<M>* sheaf) { waiting.store(sheaf, std::memory_order_relaxed); }
  void set_main(Sheaf<M>* sheaf) { main.store(sheaf, std::memory_order_relaxed); }
  void set_spare(Sheaf<M>* sheaf) { spare.store(sheaf, std::memory_order_relaxed); }
};

/// The scope in which a frame holds its CPU's sheaves. Interrupts stay on: whatever comes has to
/// try. With Spin::never the lock is only tried: test the section before relying on it. With
/// Spin::allowed: task context (RT: preemptible).
template <machine::Machine M>
class [[nodiscard]] SheafSection {
 public:
  using PerCpu = machine::PerCpu<M, CpuSheaves<M>>;

  SheafSection(PerCpu& cpus, page::Spin spin)
      : cpus_(cpus),
        cpu_(spin == page::Spin::allowed ? sync::local_lock<&CpuSheaves<M>::lock>(cpus)
                                         : sync::local_trylock<&CpuSheaves<M>::lock>(cpus)) {}
  ~SheafSection() {
    if (cpu_ != nullptr) sync::local_unlock<&CpuSheaves<M>::lock>(cpus_, cpu_);
  }
  SheafSection(const SheafSection&) = delete;
  SheafSection& operator=(const SheafSection&) = delete;

  explicit operator bool() const { return cpu_ != nullptr; }
  CpuSheaves<M>* operator->() { return cpu_; }
  CpuSheaves<M>& operator*() { return *cpu_; }

 private:
  PerCpu& cpus_;
  CpuSheaves<M>* cpu_;
};

}  // namespace anyctx::slab
