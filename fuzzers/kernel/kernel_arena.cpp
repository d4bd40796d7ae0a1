#include "fuzzers/kernel/kernel_arena.h"

#include <cerrno>

#include "fuzzers/kernel/rqspinlock.h"
#include "inject/kernel/boundary.h"
#include "lib/machine/check.h"

namespace anyctx::target {

using inject::KernelCode;
using inject::Sim;

namespace {

bpf_map* map_of(void* arena) {
  return static_cast<KernelArena*>(arena)->map();
}

}  // namespace

void KernelArena::reset(page::PageAllocator<Sim>& pages, bool recheck,
                        std::optional<unsigned> kernel_lock) {
  recheck_ = recheck;
  kernel_lock_ = kernel_lock;
  map_ = nullptr;
  area_ = nullptr;
  pages_ = &pages;
  parts_.reset();
  const std::size_t words = anyctx_vma_bytes() / sizeof(std::uint64_t) + 1;
  for (Mapping& mapping : mappings_) {
    mapping.vma = nullptr;
    mapping.storage.resize(words);
  }
}

void KernelArena::created(bpf_map* map, page::KernelArea<Sim>& area, sync::RqCpus<Sim>& cpus) {
  map_ = map;
  area_ = &area;
  parts_.emplace(cpus);
  parts_->irq_work.init(
      [](void* arena, unsigned) {
        const KernelCode inside;
        anyctx_arena_run_irq_work(map_of(arena));
      },
      this, 0);
  parts_->work.init(
      [](void* arena) {
        const KernelCode inside;
        anyctx_arena_run_work(map_of(arena));
      },
      this);
}

bool KernelArena::contains(const void* member) const {
  const auto* const begin = reinterpret_cast<const std::byte*>(map_);
  const auto* const at = static_cast<const std::byte*>(member);
  return map_ != nullptr && at >= begin && at < begin + anyctx_arena_bytes();
}

bool KernelArena::is_zap_mutex(const void* mutex) const {
  return static_cast<const std::byte*>(mutex) - reinterpret_cast<const std::byte*>(map_) ==
         static_cast<std::ptrdiff_t>(anyctx_arena_zap_mutex_offset());
}

/// The kernel's does not say why it fails: that is named as the cause afterwards.
int KernelArena::lock_irqsave(machine::IrqState& state) {
  if (!kernel_lock_) return parts_->lock.lock_irqsave(state);
  anyctx_rqs_attempt attempt;
  {
    const KernelCode inside;
    attempt = anyctx_rqs_lock_irqsave(*kernel_lock_);
  }
  state = static_cast<machine::IrqState>(attempt.flags);
  if (attempt.result != 0) {
    static_cast<void>(Sim::fails(
        attempt.result == -EDEADLK ? sync::site::rq_deadlock : sync::site::rq_timeout, true));
  }
  return static_cast<int>(attempt.result);
}

void KernelArena::unlock_irqrestore(machine::IrqState state) {
  if (!kernel_lock_) return parts_->lock.unlock_irqrestore(state);
  const KernelCode inside;
  anyctx_rqs_unlock_irqrestore(*kernel_lock_, static_cast<unsigned long>(state));
}

bool KernelArena::lock_is_free() const {
  return kernel_lock_ ? anyctx_rqs_word(*kernel_lock_) == 0 : parts_->lock.peek() == 0;
}

void KernelArena::mutex_lock(const void* mutex) {
  is_zap_mutex(mutex) ? parts_->zap_mutex.lock() : parts_->mutex.lock();
}

void KernelArena::mutex_unlock(const void* mutex) {
  is_zap_mutex(mutex) ? parts_->zap_mutex.unlock() : parts_->mutex.unlock();
}

bool KernelArena::is_mapped() const {
  bool mapped = false;
  anyctx_arena_visit_vmas(
      map_, [](void* to, std::uint64_t, std::uint64_t) { *static_cast<bool*>(to) = true; },
      &mapped);
  return mapped;
}

KernelArena::Mapping& KernelArena::mapping_at(const Vma& vma) {
  for (Mapping& mapping : mappings_) {
    if (mapping.vma != nullptr && mapping.kernel() == vma.private_data) return mapping;
  }
  ANYCTX_CHECK(false);
  return mappings_[0];
}

KernelArena::Vma* KernelArena::mapping_of(const vm_area_struct* vma) {
  for (Mapping& mapping : mappings_) {
    if (mapping.kernel() == vma) return mapping.vma;
  }
  return nullptr;
}

std::int64_t KernelArena::get_unmapped_area(Space& mm, const page::MapRequest& request) {
  const KernelCode inside;
  return anyctx_arena_get_unmapped_area(map_, &mm, request.address, request.length, request.pgoff,
                                        request.fixed);
}

/// What bpf_map_mmap() does, and then the arena.
int KernelArena::map(Vma& vma) {
  Mapping* mapping = mappings_.data();
  while (mapping != mappings_.end() && mapping->vma != nullptr) ++mapping;
  ANYCTX_CHECK(mapping != mappings_.end());
  mapping->vma = &vma;
  vma.private_data = mapping->kernel();
  int error = 0;
  {
    const KernelCode inside;
    anyctx_vma_init(mapping->kernel(), vma.mm, vma.start, vma.end, vma.pgoff, map_);
    error = anyctx_arena_mmap(map_, mapping->kernel());
  }
  if (error != 0) {
    mapping->vma = nullptr;
    return error;
  }
  vma.flags &= ~page::vma_flag::may_exec;
  if ((vma.flags & page::vma_flag::write) == 0) vma.flags &= ~page::vma_flag::may_write;
  if (!anyctx_vma_is_copied(mapping->kernel())) vma.flags |= page::vma_flag::dont_copy;
  return 0;
}

void KernelArena::open(Vma& vma) {
  const KernelCode inside;
  anyctx_arena_vm_open(static_cast<vm_area_struct*>(vma.private_data));
}

void KernelArena::close(Vma& vma) {
  {
    const KernelCode inside;
    anyctx_arena_vm_close(static_cast<vm_area_struct*>(vma.private_data));
  }
  mapping_at(vma).vma = nullptr;
}

KernelArena::Fault KernelArena::fault(Vma& vma, const page::FaultRequest& request) {
  std::uint32_t page = kKernelNoPage;
  anyctx_fault result{};
  {
    const KernelCode inside;
    result = anyctx_arena_fault(static_cast<vm_area_struct*>(vma.private_data), request.address,
                                request.pgoff, request.write, &page);
  }
  Fault fault;
  switch (result) {
    case kFaultPage:
      fault.kind = Fault::Kind::page;
      fault.page = pages_->map().page(page);
      Sim::probe(bpf::site::arena_faulted);
      break;
    case kFaultSigsegv:
      fault.kind = Fault::Kind::sigsegv;
      break;
    case kFaultSigbus:
      fault.kind = Fault::Kind::sigbus;
      break;
    case kFaultAgain:
      fault.kind = Fault::Kind::nopage;
      break;
  }
  return fault;
}

bool KernelArena::may_install(Vma&, std::uint64_t address, page::Page<Sim>& page, std::uint64_t) {
  const std::uint64_t low = static_cast<std::uint32_t>(address);
  return !recheck_ || area_->load(anyctx_arena_kernel_start(map_) + low) == &page;
}

}  // namespace anyctx::target
