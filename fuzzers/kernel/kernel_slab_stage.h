// KernelSlabStage: the machine that the kernel's slab allocator lives on: what slab_services.h
// names.
#pragma once

#include <array>
#include <vector>

#include "fuzzers/targets/slab_options.h"
#include "inject/sim/sim_machine.h"
#include "lib/defer/irq_work.h"
#include "lib/defer/workqueue.h"
#include "lib/page/page_allocator.h"
#include "lib/slab/sites.h"
#include "lib/sync/spinlock.h"

namespace anyctx::target {

/// One at a time is asked by the kernel: that which was reset last.
class KernelSlabStage {
 public:
  using Sim = inject::Sim;
  using Page = page::Page<Sim>;
  using SlabLock = sync::RawSpinLock<Sim, slab::site::slab_lock>;

  KernelSlabStage() = default;
  ~KernelSlabStage();
  KernelSlabStage(const KernelSlabStage&) = delete;
  KernelSlabStage& operator=(const KernelSlabStage&) = delete;

  /// Starts over with all memory free, and no allocator.
  void reset(inject::Memory& memory, const SlabOptions& options);

  page::PageAllocator<Sim>& pages() { return pages_; }
  const page::PageAllocator<Sim>& pages() const { return pages_; }
  void* address(const Page* page) { return page == nullptr ? nullptr : pages_.address(page); }

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

  /// Precondition: there is one.
  static KernelSlabStage& current();

 private:
  struct Cpu {
    defer::IrqWork<Sim> irq_work;
    defer::Work<Sim> work;
    void* kernel_irq_work = nullptr;
    void* kernel_work = nullptr;
  };

  std::vector<Page> frames_;
  std::vector<SlabLock> slab_locks_;
  page::PageAllocator<Sim> pages_;
  std::array<Cpu, inject::kMaxCpus> cpus_;
  std::vector<const char*> kept_;

  static thread_local constinit KernelSlabStage* current_stage_;
};

}  // namespace anyctx::target
