#include "fuzzers/kernel/kernel_slab_stage.h"

#include <memory>

#include "fuzzers/kernel/slab.h"
#include "inject/kernel/boundary.h"
#include "lib/machine/check.h"

namespace anyctx::target {

using inject::KernelCode;

thread_local constinit KernelSlabStage* KernelSlabStage::current_stage_ = nullptr;

KernelSlabStage::~KernelSlabStage() {
  if (current_stage_ == this) current_stage_ = nullptr;
}

KernelSlabStage& KernelSlabStage::current() {
  ANYCTX_CHECK(current_stage_ != nullptr);
  return *current_stage_;
}

void KernelSlabStage::reset(inject::Memory& memory, const SlabOptions& options) {
  const std::size_t count = options.page_count;
  ANYCTX_CHECK_OP(count << options.page_shift, <=, memory.bytes());
  if (frames_.size() < count) frames_ = std::vector<Page>(count);
  slab_locks_.assign(count, {});
  kept_.clear();
  page::Config config;
  config.base = memory.base();
  config.page_count = count;
  config.page_shift = options.page_shift;
  config.nodes = options.nodes;
  pages_.init(config, {frames_.data(), count});
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
  current_stage_ = this;
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
  return pages_.alloc_frozen_pages(flags, node, order, spin);
}

void KernelSlabStage::release_pages(std::uint32_t page, unsigned order, bool may_spin) {
  pages_.free_frozen_pages(pages_.map().page(page), order,
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
