#include "fuzzers/kernel/mem_alloc_services.h"

#include "fuzzers/kernel/kernel_mem_stage.h"
#include "inject/kernel/boundary.h"
#include "lib/bpf/sites.h"
#include "lib/sync/spinlock.h"

using anyctx::inject::KernelLeft;
using anyctx::inject::Sim;
using anyctx::machine::IrqState;
using anyctx::target::KernelMemStage;

namespace {

using Lock = anyctx::sync::RawSpinLock<Sim, anyctx::bpf::site::mem_trace_lock>;
static_assert(sizeof(Lock) == sizeof(std::uint32_t));

Lock& lock_at(std::uint32_t* word) {
  return *reinterpret_cast<Lock*>(word);
}

KernelMemStage& mem_stage() {
  return KernelMemStage::current();
}

}  // namespace

void* anyctx_mem_allocate(std::size_t bytes, bool sleeps, bool zeroed, const char* caller) {
  const KernelLeft outside;
  return mem_stage().allocate(bytes, sleeps, zeroed, caller);
}

void anyctx_mem_release(const void* object) {
  const KernelLeft outside;
  if (object != nullptr) mem_stage().release(const_cast<void*>(object));
}

void* anyctx_mem_allocate_percpu(std::size_t bytes) {
  const KernelLeft outside;
  return mem_stage().allocate_percpu(bytes);
}

void anyctx_mem_release_percpu(const void* data) {
  const KernelLeft outside;
  mem_stage().release_percpu(const_cast<void*>(data));
}

unsigned long anyctx_mem_lock_irqsave(std::uint32_t* word) {
  const KernelLeft outside;
  return static_cast<unsigned long>(lock_at(word).lock_irqsave());
}

void anyctx_mem_unlock_irqrestore(std::uint32_t* word, unsigned long flags) {
  const KernelLeft outside;
  lock_at(word).unlock_irqrestore(static_cast<IrqState>(flags));
}

void anyctx_mem_irq_work_init(irq_work* work) {
  const KernelLeft outside;
  mem_stage().init(work);
}

bool anyctx_mem_irq_work_queue(irq_work* work) {
  const KernelLeft outside;
  return mem_stage().irq_work_of(work).queue();
}

void anyctx_mem_irq_work_sync(irq_work* work) {
  const KernelLeft outside;
  mem_stage().irq_work_of(work).sync();
}

bool anyctx_mem_work_queue(work_struct* work) {
  const KernelLeft outside;
  return mem_stage().queue(work);
}

void anyctx_mem_call(rcu_head* head, anyctx_grace grace) {
  const KernelLeft outside;
  mem_stage().call(head, grace == kGraceTrace);
}

void anyctx_mem_synchronize(anyctx_grace grace) {
  const KernelLeft outside;
  auto& [rcu, srcu] = mem_stage().grace();
  grace == kGraceTrace ? srcu.synchronize() : rcu.synchronize();
}

void anyctx_mem_barrier(anyctx_grace grace) {
  const KernelLeft outside;
  auto& [rcu, srcu] = mem_stage().grace();
  grace == kGraceTrace ? srcu.barrier() : rcu.barrier();
}

unsigned anyctx_mem_read_lock() {
  const KernelLeft outside;
  return mem_stage().grace().rcu.read_lock();
}

void anyctx_mem_read_unlock(unsigned token) {
  const KernelLeft outside;
  mem_stage().grace().rcu.read_unlock(token);
}
