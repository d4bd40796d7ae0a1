#include "fuzzers/kernel/kernel_mem_stage.h"

#include <algorithm>
#include <cstring>

#include "fuzzers/kernel/mem_alloc.h"
#include "fuzzers/kernel/mem_alloc_services.h"
#include "inject/kernel/boundary.h"
#include "lib/bpf/sites.h"
#include "lib/machine/check.h"

namespace anyctx::target {

using inject::KernelCode;
using inject::Sim;

namespace {

/// Where it is decided that there is no memory for a function of the kernel.
machine::Site mem_site(std::string_view caller) {
  return caller == "destroy_mem_alloc" ? bpf::site::mem_remains : bpf::site::mem_object;
}

}  // namespace

void KernelMemStage::reset(inject::Memory& memory, const SlabOptions& options) {
  stack_.reset(memory, options);
  percpu_.reset();
  irq_works_.clear();
  irq_work_slots_.clear();
  works_.clear();
  callbacks_.clear();
  set_current();
}

void* KernelMemStage::allocate(std::size_t bytes, bool sleeps, bool zeroed,
                               std::string_view caller) {
  const machine::Site site = mem_site(caller);
  const bool is_full = site == bpf::site::mem_remains && busy_works() >= kMostWorks;
  if (Sim::fails(site, is_full)) return nullptr;
  const page::Gfp gfp = sleeps ? page::gfp::kernel : page::gfp::nowait;
  return stack_.slabs.kmalloc(bytes, zeroed ? gfp | page::gfp::zero : gfp);
}

void* KernelMemStage::allocate_percpu(std::size_t bytes) {
  ANYCTX_CHECK_OP(bytes, <=, std::size_t{kAnyctxCpuStride});
  if (Sim::fails(bpf::site::mem_struct, false)) return nullptr;
  const std::size_t all = (Sim::cpus() - 1) * std::size_t{kAnyctxCpuStride} + bytes;
  return std::memset(percpu_.allocate(all), 0, all);
}

void KernelMemStage::release_percpu(void* data) {
  if (data != nullptr) percpu_.release(data);
}

void KernelMemStage::init(irq_work* work) {
  IrqWorkSlot& slot = irq_work_slots_.emplace_back();
  slot.work = work;
  slot.own.init(
      [](void* owner, unsigned) {
        const KernelCode inside;
        anyctx_mem_run_irq_work(static_cast<IrqWorkSlot*>(owner)->work);
      },
      &slot, 0);
  irq_works_[work] = &slot;
}

KernelMemStage::IrqWork& KernelMemStage::irq_work_of(const irq_work* work) {
  const auto found = irq_works_.find(work);
  ANYCTX_CHECK(found != irq_works_.end());
  return found->second->own;
}

bool KernelMemStage::is_idle(const void* work) const {
  const auto found = irq_works_.find(work);
  return found == irq_works_.end() || found->second->own.idle();
}

bool KernelMemStage::queue(work_struct* work) {
  auto slot = std::ranges::find(works_, work, &WorkSlot::work);
  if (slot == works_.end()) {
    works_.emplace_back().work = work;
    slot = std::prev(works_.end());
    slot->own.init(
        [](void* owner) {
          const KernelCode inside;
          anyctx_mem_run_work(static_cast<WorkSlot*>(owner)->work);
        },
        &*slot);
  }
  return slot->own.schedule();
}

void KernelMemStage::flush_works() {
  for (std::size_t i = 0; i < works_.size(); ++i) works_[i].own.flush();
}

unsigned KernelMemStage::busy_works() const {
  return static_cast<unsigned>(
      std::ranges::count_if(works_, [](const WorkSlot& slot) { return !slot.own.idle(); }));
}

void KernelMemStage::call(rcu_head* head, bool trace) {
  if (std::ranges::find(callbacks_, head, &Callback::head) != callbacks_.end()) {
    inject::Simulation::current().stop(inject::VerdictKind::structure,
                                       "what waits for a grace period is not handed in again",
                                       "a head that is free", "one that waits");
  }
  auto callback = std::ranges::find(callbacks_, static_cast<rcu_head*>(nullptr), &Callback::head);
  if (callback == callbacks_.end()) {
    callbacks_.emplace_back();
    callback = std::prev(callbacks_.end());
  }
  callback->head = head;
  const auto function = [](defer::RcuHead<Sim>* own) {
    rcu_head* const waited = std::exchange(reinterpret_cast<Callback*>(own)->head, nullptr);
    const KernelCode inside;
    anyctx_mem_run_callback(waited);
  };
  trace ? grace().srcu.call(&callback->own, function) : grace().rcu.call(&callback->own, function);
}

}  // namespace anyctx::target
