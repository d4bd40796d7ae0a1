#include "fuzzers/kernel/slab_services.h"

#include "fuzzers/kernel/kernel_slab_stage.h"
#include "fuzzers/kernel/slab.h"
#include "inject/kernel/boundary.h"
#include "lib/sync/trylock_rules.h"

using anyctx::inject::KernelLeft;
using anyctx::inject::Sim;
using anyctx::machine::IrqState;
using anyctx::target::KernelSlabStage;
namespace machine = anyctx::machine;
namespace site = anyctx::slab::site;

namespace {

KernelSlabStage& stage() {
  return KernelSlabStage::current();
}

std::uint32_t* word(void* lock) {
  return static_cast<std::uint32_t*>(lock);
}

machine::Site spin_site(bool is_barn) {
  return is_barn ? site::barn_lock : site::list_lock;
}

machine::Site mutex_site(bool is_flush) {
  return is_flush ? site::flush_mutex : site::caches_mutex;
}

machine::Bug bug_of(anyctx_misuse misuse) {
  switch (misuse) {
    case kMisuseDoubleFree:
      return machine::Bug::double_free;
    case kMisuseInvalidFree:
      return machine::Bug::invalid_free;
    case kMisusePoison:
      return machine::Bug::poison_overwritten;
    case kMisuseRedZone:
      break;
  }
  return machine::Bug::redzone_overwritten;
}

}  // namespace

bool anyctx_slab_irqs_disabled() {
  return Sim::irqs_disabled();
}

bool anyctx_slab_may_try() {
  const KernelLeft outside;
  return !Sim::fails(site::context, !anyctx::sync::can_spin_trylock<Sim>());
}

bool anyctx_slab_has_cas2() {
  return Sim::has_cas2();
}

void anyctx_slab_might_sleep() {
  const KernelLeft outside;
  Sim::might_sleep(site::may_sleep);
}

bool anyctx_slab_sheaves_trylock(void* lock) {
  const KernelLeft outside;
  if (Sim::local_try_lock(site::sheaf_lock, word(lock))) return true;
  Sim::preempt_enable();
  return false;
}

void anyctx_slab_sheaves_lock(void* lock) {
  const KernelLeft outside;
  Sim::local_lock(site::sheaf_lock, word(lock));
}

void anyctx_slab_sheaves_unlock(void* lock) {
  const KernelLeft outside;
  Sim::local_unlock(site::sheaf_lock, word(lock));
  Sim::preempt_enable();
}

unsigned long anyctx_slab_spin_lock(void* lock, bool is_barn) {
  const KernelLeft outside;
  const IrqState state = Sim::irq_save();
  Sim::preempt_disable();
  Sim::lock(spin_site(is_barn), word(lock));
  return static_cast<unsigned long>(state);
}

bool anyctx_slab_spin_trylock(void* lock, bool is_barn, unsigned long* state) {
  const KernelLeft outside;
  const IrqState before = Sim::irq_save();
  Sim::preempt_disable();
  *state = static_cast<unsigned long>(before);
  if (Sim::try_lock(spin_site(is_barn), word(lock))) return true;
  Sim::preempt_enable();
  Sim::irq_restore(before);
  return false;
}

void anyctx_slab_spin_unlock(void* lock, bool is_barn, unsigned long state) {
  const KernelLeft outside;
  Sim::unlock(spin_site(is_barn), word(lock));
  Sim::preempt_enable();
  Sim::irq_restore(static_cast<IrqState>(state));
}

void anyctx_slab_spin_unlock_irq(void* lock) {
  anyctx_slab_spin_unlock(lock, false, static_cast<unsigned long>(IrqState::enabled));
}

void anyctx_slab_bit_lock(std::uint32_t page) {
  const KernelLeft outside;
  stage().slab_lock(page).lock();
}

void anyctx_slab_bit_unlock(std::uint32_t page) {
  const KernelLeft outside;
  stage().slab_lock(page).unlock();
}

void anyctx_slab_mutex_lock(void* mutex, bool is_flush) {
  const KernelLeft outside;
  Sim::lock(mutex_site(is_flush), word(mutex));
}

void anyctx_slab_mutex_unlock(void* mutex, bool is_flush) {
  const KernelLeft outside;
  Sim::unlock(mutex_site(is_flush), word(mutex));
}

std::uint32_t anyctx_slab_pages_allocate(unsigned gfp, int node, unsigned order, bool may_spin) {
  const KernelLeft outside;
  const KernelSlabStage::Page* const page = stage().allocate_pages(gfp, node, order, may_spin);
  return page == nullptr ? kKernelNoSlab : static_cast<std::uint32_t>(stage().pages().pfn(page));
}

void anyctx_slab_pages_release(std::uint32_t page, unsigned order, bool may_spin) {
  const KernelLeft outside;
  stage().release_pages(page, order, may_spin);
}

void anyctx_slab_irq_work_queue(unsigned cpu, void* work) {
  const KernelLeft outside;
  stage().queue_irq_work(cpu, work);
}

void anyctx_slab_irq_work_sync(unsigned cpu) {
  const KernelLeft outside;
  stage().sync_irq_work(cpu);
}

void anyctx_slab_work_queue(unsigned cpu, void* work) {
  const KernelLeft outside;
  stage().queue_work(cpu, work);
}

void anyctx_slab_work_flush(unsigned cpu) {
  const KernelLeft outside;
  stage().flush_work(cpu);
}

void anyctx_slab_report(anyctx_misuse misuse) {
  const KernelLeft outside;
  Sim::bug(bug_of(misuse), nullptr);
}

void anyctx_slab_cache_kept(const char* name) {
  const KernelLeft outside;
  stage().kept().push_back(name);
  Sim::bug(machine::Bug::cache_in_use, nullptr);
}
