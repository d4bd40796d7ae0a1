#include "fuzzers/kernel/kernel_slab_stage.h"

#include <memory>

#include "fuzzers/kernel/slab.h"
#include "inject/kernel/boundary.h"

namespace anyctx::target {

using inject::KernelCode;

void KernelSlabStage::reset(inject::Memory& memory, const SlabOptions& options) {
  stack_.reset_pages(memory, options);
  slab_locks_.assign(options.page_count, {});
  kept_.clear();
  for (Cpu& cpu : cpus_) {
    std::construct_at(&cpu);
    cpu.irq_work.init(
        [](void* own, unsigned) {
          const KernelCode inside;
          anyctx_slab_run_irq_work(static_cast<Cpu*>(own)->kernel_irq_work);
        },
        &cpu, 0);
    cpu.work.init(
        [](void* own) {
          const KernelCode inside;
          anyctx_slab_run_work(static_cast<Cpu*>(own)->kernel_work);
        },
        &cpu);
  }
  set_current();
}

KernelSlabStage::Page* KernelSlabStage::allocate_pages(unsigned gfp, int node, unsigned order,
                                                       bool may_spin) {
  page::Gfp flags = page::gfp::comp;
  if ((gfp & kKernelZero) != 0) flags |= page::gfp::zero;
  if ((gfp & kKernelDirectReclaim) != 0) flags |= page::gfp::direct_reclaim;
  if ((gfp & kKernelKswapdReclaim) != 0) flags |= page::gfp::kswapd_reclaim;
  if ((gfp & kKernelHigh) != 0) flags |= page::gfp::high;
  if ((gfp & kKernelReclaimable) != 0) flags |= page::gfp::reclaimable;
  if ((gfp & kKernelNoMemalloc) != 0) flags |= page::gfp::nomemalloc;
  const page::Spin spin = may_spin ? page::Spin::allowed : page::Spin::never;
  return stack_.pages.alloc_frozen_pages(flags, node, order, spin);
}

void KernelSlabStage::release_pages(std::uint32_t page, unsigned order, bool may_spin) {
  stack_.pages.free_frozen_pages(stack_.pages.map().page(page), order,
                                 may_spin ? page::Spin::allowed : page::Spin::never);
}

void KernelSlabStage::queue_irq_work(unsigned cpu, void* work) {
  cpus_[cpu].kernel_irq_work = work;
  cpus_[cpu].irq_work.queue();
}

void KernelSlabStage::queue_work(unsigned cpu, void* work) {
  cpus_[cpu].kernel_work = work;
  static_cast<void>(cpus_[cpu].work.schedule_on(cpu));
}

}  // namespace anyctx::target
