// KernelArea: 4 GiB of kernel addresses with guards, their page table, and how CPUs see them.
// Source: Linux 7.3 mm/vmalloc.c (get_vm_area), arch/x86/mm/tlb.c (flush_tlb_kernel_range).
#pragma once

#include "lib/page/page_table.h"
#include "lib/page/tlb.h"

namespace anyctx::page {

inline constexpr std::uint64_t kAreaSpan = std::uint64_t{1} << 32;

/// The guards before and behind an area, together: they absorb 16-bit displacements.
constexpr std::uint64_t area_guard(unsigned page_shift) {
  const std::uint64_t unit = std::uint64_t{2} << page_shift;
  return ((std::uint64_t{1} << 16) + unit - 1) / unit * unit;
}
/// Where tables exist: not in the guard before.
constexpr std::uint64_t area_table_size(unsigned page_shift) {
  return kAreaSpan + area_guard(page_shift) / 2;
}
constexpr std::size_t leaf_groups_per_area(unsigned page_shift) {
  return static_cast<std::size_t>(
      ((area_table_size(page_shift) >> page_shift) + kLeavesPerGroup - 1) / kLeavesPerGroup);
}

/// Made by KernelSpace. Addresses are rounded down to their page. A flush happens in task context,
/// with interrupts on; everything else in every context.
template <machine::Machine M>
class KernelArea {
 public:
  void init(std::uint64_t base, unsigned page_shift, std::span<LeafGroup<M>> leaves, Tlb<M>& tlb) {
    base_ = base;
    tlb_ = &tlb;
    is_used = false;
    table_.init(base + area_guard(page_shift) / 2, area_table_size(page_shift), page_shift, leaves);
  }

  /// Of the addresses that are reserved; the area begins with half of the guards.
  std::uint64_t base() const { return base_; }
  std::uint64_t start() const { return table_.start(); }
  std::uint64_t end() const { return table_.end(); }
  PageTable<M>& table() { return table_; }
  const PageTable<M>& table() const { return table_; }

  Page<M>* load(std::uint64_t at) const { return table_.load(at); }
  [[nodiscard]] bool install(std::uint64_t at, Page<M>* page) { return table_.install(at, page); }
  Page<M>* clear(std::uint64_t at) { return table_.clear(at); }
  std::uint64_t next_present(std::uint64_t from, std::uint64_t to) const {
    return table_.next_present(from, to);
  }
  void sync_cache(std::uint64_t from, std::uint64_t to) { table_.sync_cache(from, to); }

  /// When it returns, every CPU has forgotten what was mapped in [from, to) before. They are
  /// reached one after the other.
  void flush(std::uint64_t from, std::uint64_t to) {
    if (M::context() != machine::Context::task || M::irqs_disabled()) {
      M::bug(machine::Bug::bad_context, this);
    }
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      M::probe(site::tlb_flush);
      tlb_->invalidate(cpu, page_start(from), to);
    }
  }

  /// The same for one page and at once: what comes next may map another page there.
  void break_before_make(std::uint64_t at) {
    M::probe(site::tlb_flush);
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      tlb_->invalidate(cpu, page_start(at), page_start(at) + table_.page_size());
    }
  }

  /// The page that code on this CPU reaches by an address, now; null if the access faults.
  Page<M>* access(std::uint64_t at) {
    Page<M>* const page = table_.load(at);
    const unsigned cpu = M::cpu();
    if (Page<M>* const remembered = tlb_->find(cpu, page_start(at))) return remembered;
    if (page != nullptr) tlb_->fill(cpu, page_start(at), page);
    return page;
  }

  bool is_used = false;  // KernelSpace's

 private:
  std::uint64_t page_start(std::uint64_t at) const { return at & ~(table_.page_size() - 1); }

  std::uint64_t base_ = 0;
  PageTable<M> table_;
  Tlb<M>* tlb_ = nullptr;
};

}  // namespace anyctx::page
