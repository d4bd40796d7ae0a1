// KernelSpace: the kernel addresses from which areas are made, and the TLBs of all CPUs.
// Source: Linux 7.3 mm/vmalloc.c (get_vm_area, free_vm_area). Limits: addresses are used again only
// by areas of the same size, and flushed when an area goes, not later.
#pragma once

#include "lib/page/kernel_area.h"
#include "lib/sync/spinlock.h"

namespace anyctx::page {

template <machine::Machine M>
class KernelSpace {
 public:
  KernelSpace() = default;
  KernelSpace(const KernelSpace&) = delete;
  KernelSpace& operator=(const KernelSpace&) = delete;

  /// Starts over. Storage that was given before may hold what was left there; new one is zero.
  /// There are leaf_groups_per_area() groups for each area.
  void init(unsigned page_shift, std::span<KernelArea<M>> areas, std::span<LeafGroup<M>> leaves) {
    const std::size_t groups = leaf_groups_per_area(page_shift);
    ANYCTX_CHECK_OP(areas.size() * groups, <=, leaves.size());
    areas_ = areas;
    lock_ = {};
    tlb_.reset();
    const std::uint64_t page = std::uint64_t{1} << page_shift;
    const std::uint64_t stride = kAreaSpan + area_guard(page_shift) + page;
    for (std::size_t i = 0; i < areas.size(); ++i) {
      areas[i].init(kBase + i * stride, page_shift, leaves.subspan(i * groups, groups), tlb_);
    }
  }

  /// An empty area with all of its tables; null: no memory. Task context.
  KernelArea<M>* create_area() {
    M::might_sleep(site::mm_sleeps);
    KernelArea<M>* const area = claim();
    if (M::fails(site::vm_area, area == nullptr)) {
      if (area != nullptr) release(*area);
      return nullptr;
    }
    if (area->table().populate() == 0) return area;
    release(*area);
    return nullptr;
  }

  /// The pages that are mapped there are the caller's; no code uses its addresses any more. Task
  /// context.
  void destroy_area(KernelArea<M>& area) {
    M::might_sleep(site::mm_sleeps);
    area.table().reset();
    area.flush(area.start(), area.end());
    release(area);
  }

  /// For oracles.
  template <class F>
  void peek_tlb(F f) const {
    tlb_.peek_each(f);
  }
  std::span<const KernelArea<M>> areas() const { return areas_; }

 private:
  static constexpr std::uint64_t kBase = 0xffff'c900'0000'0000;

  KernelArea<M>* claim() {
    lock_.lock();
    KernelArea<M>* found = nullptr;
    for (KernelArea<M>& area : areas_) {
      if (area.is_used) continue;
      area.is_used = true;
      found = &area;
      break;
    }
    lock_.unlock();
    return found;
  }
  void release(KernelArea<M>& area) {
    lock_.lock();
    area.is_used = false;
    lock_.unlock();
  }

  sync::SpinLock<M, site::areas_lock> lock_;
  std::span<KernelArea<M>> areas_;
  Tlb<M> tlb_;
};

}  // namespace anyctx::page
