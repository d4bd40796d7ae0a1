#include "fuzzers/kernel/arena_services.h"

#include "fuzzers/kernel/kernel_arena_stage.h"
#include "inject/kernel/boundary.h"

using anyctx::inject::KernelLeft;
using anyctx::inject::Sim;
using anyctx::target::KernelArena;
using anyctx::target::KernelArenaStage;

namespace {

using Page = anyctx::page::Page<Sim>;
using Area = anyctx::page::KernelArea<Sim>;

KernelArenaStage& stage() {
  return KernelArenaStage::current();
}

Page& page_at(std::uint32_t number) {
  return *stage().machine().pages.map().page(number);
}

std::uint32_t number_of(const Page* page) {
  return page == nullptr ? kKernelNoPage
                         : static_cast<std::uint32_t>(stage().machine().pages.pfn(page));
}

Area& area_at(unsigned long at) {
  Area* const area = stage().area_of(at);
  ANYCTX_CHECK(area != nullptr);
  return *area;
}

KernelArenaStage::Space& process(void* mm) {
  return *static_cast<KernelArenaStage::Space*>(mm);
}

}  // namespace

void* anyctx_allocate_sleeping(std::size_t bytes, const char* caller) {
  const KernelLeft outside;
  return stage().allocate_sleeping(bytes, caller);
}

void anyctx_release_sleeping(const void* object) {
  const KernelLeft outside;
  stage().release_sleeping(const_cast<void*>(object));
}

std::uint32_t anyctx_page_allocate(int node, const char* caller) {
  const KernelLeft outside;
  return number_of(stage().allocate_page(node, caller));
}

void anyctx_page_release(std::uint32_t page, bool any_context) {
  const KernelLeft outside;
  stage().release_page(page_at(page), any_context);
}

void anyctx_page_hold(std::uint32_t page) {
  const KernelLeft outside;
  stage().machine().pages.get_page(&page_at(page));
}

int anyctx_page_references(std::uint32_t page) {
  const KernelLeft outside;
  return static_cast<int>(page_at(page).refcount.load());
}

unsigned long anyctx_area_create() {
  const KernelLeft outside;
  const Area* const area = stage().machine().kernel.create_area();
  return area == nullptr ? 0 : area->base();
}

void anyctx_area_destroy(unsigned long base) {
  const KernelLeft outside;
  stage().machine().kernel.destroy_area(area_at(base));
}

std::uint32_t anyctx_leaf_load(unsigned long at) {
  const KernelLeft outside;
  return number_of(area_at(at).load(at));
}

bool anyctx_leaf_install(unsigned long at, std::uint32_t page) {
  const KernelLeft outside;
  return area_at(at).install(at, &page_at(page));
}

std::uint32_t anyctx_leaf_clear(unsigned long at) {
  const KernelLeft outside;
  return number_of(area_at(at).clear(at));
}

unsigned long anyctx_leaf_next(unsigned long from, unsigned long to) {
  const KernelLeft outside;
  return from < to ? area_at(from).next_present(from, to) : to;
}

void anyctx_leaf_sync(unsigned long from, unsigned long to) {
  const KernelLeft outside;
  area_at(from).sync_cache(from, to);
}

void anyctx_tlb_flush(unsigned long from, unsigned long to) {
  const KernelLeft outside;
  area_at(from).flush(from, to);
}

void anyctx_tlb_flush_one(unsigned long at) {
  const KernelLeft outside;
  area_at(at).break_before_make(at);
}

int anyctx_arena_lock(void* lock, unsigned long* flags) {
  const KernelLeft outside;
  anyctx::machine::IrqState state{};
  const int result = stage().holder_of(lock).lock_irqsave(state);
  *flags = static_cast<unsigned long>(state);
  return result;
}

void anyctx_arena_unlock(void* lock, unsigned long flags) {
  const KernelLeft outside;
  stage().holder_of(lock).unlock_irqrestore(static_cast<anyctx::machine::IrqState>(flags));
}

void anyctx_mutex_lock(void* mutex) {
  const KernelLeft outside;
  stage().holder_of(mutex).mutex_lock(mutex);
}

void anyctx_mutex_unlock(void* mutex) {
  const KernelLeft outside;
  stage().holder_of(mutex).mutex_unlock(mutex);
}

bool anyctx_irq_work_queue(void* work) {
  const KernelLeft outside;
  return stage().holder_of(work).irq_work().queue();
}

void anyctx_irq_work_sync(void* work) {
  const KernelLeft outside;
  stage().holder_of(work).irq_work().sync();
}

bool anyctx_work_schedule(void* work) {
  const KernelLeft outside;
  return stage().holder_of(work).work().schedule();
}

void anyctx_work_flush(void* work) {
  const KernelLeft outside;
  stage().flush_work(work);
}

bool anyctx_mm_get(void* mm) {
  const KernelLeft outside;
  return process(mm).mmget_not_zero();
}

void anyctx_mm_put(void* mm) {
  const KernelLeft outside;
  process(mm).mmput();
}

void anyctx_mm_read_lock(void* mm) {
  const KernelLeft outside;
  process(mm).mmap_read_lock();
}

void anyctx_mm_read_unlock(void* mm) {
  const KernelLeft outside;
  process(mm).mmap_read_unlock();
}

vm_area_struct* anyctx_mm_find_vma(void* mm, unsigned long address) {
  const KernelLeft outside;
  const KernelArena::Vma* const vma = process(mm).find_vma(address);
  return vma == nullptr ? nullptr : static_cast<vm_area_struct*>(vma->private_data);
}

void anyctx_mm_zap(vm_area_struct* vma, unsigned long start, unsigned long length) {
  const KernelLeft outside;
  KernelArena::Vma& mapping = stage().mapping_of(vma);
  mapping.mm->zap(mapping, start, length);
}

long anyctx_mm_find_hole(void* mm, unsigned long address, unsigned long length, bool fixed) {
  const KernelLeft outside;
  return process(mm).find_hole(address, length, fixed);
}
