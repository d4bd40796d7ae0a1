// KernelSlabStage: the machine that the kernel's slab allocator lives on: what slab_services.h
// names.
#pragma once

#include <array>
#include <vector>

#include "fuzzers/kernel/current.h"
#include "fuzzers/targets/page_stack.h"
#include "inject/sim/sim_machine.h"
#include "lib/defer/irq_work.h"
#include "lib/defer/workqueue.h"
#include "lib/slab/sites.h"
#include "lib/sync/spinlock.h"

namespace anyctx::target {

/// One at a time is asked by the kernel: that which was reset last.
class KernelSlabStage : public Current<KernelSlabStage> {
 public:
  using Sim = inject::Sim;
  using Page = page::Page<Sim>;
  using SlabLock = sync::RawSpinLock<Sim, slab::site::slab_lock>;

  /// Starts over with all memory free, and no allocator.
  void reset(inject::Memory& memory, const SlabOptions& options);

  page::PageAllocator<Sim>& pages() { return stack_.pages; }
  const page::PageAllocator<Sim>& pages() const { return stack_.pages; }
  void* address(const Page* page) { return page == nullptr ? nullptr : stack_.pages.address(page); }

  /// Names of the caches that were to be destroyed, and had objects: who finds his removes it.
  std::vector<const char*>& kept() { return kept_; }

  // For the kernel. Pages go by the number of their frame.
  Page* allocate_pages(unsigned gfp, int node, unsigned order, bool may_spin);
  void release_pages(std::uint32_t page, unsigned order, bool may_spin);
  SlabLock& slab_lock(std::uint32_t page) { return slab_locks_[page]; }
  /// Runs the kernel's irq_work or work, of which a CPU has one each.
  void queue_irq_work(unsigned cpu, void* work);
  void sync_irq_work(unsigned cpu) { cpus_[cpu].irq_work.sync(); }
  void queue_work(unsigned cpu, void* work);
  void flush_work(unsigned cpu) { cpus_[cpu].work.flush(); }

 private:
  struct Cpu {
    defer::IrqWork<Sim> irq_work;
    defer::Work<Sim> work;
    void* kernel_irq_work = nullptr;
    void* kernel_work = nullptr;
  };

  PageStack stack_;
  std::vector<SlabLock> slab_locks_;
  std::array<Cpu, inject::kMaxCpus> cpus_;
  std::vector<const char*> kept_;
};

}  // namespace anyctx::target
