// AddressSpace: the memory of a process: its mappings, its page table, its end.
// Source: Linux 7.3 mm/mmap.c, mm/memory.c (do_user_addr_fault() to finish_fault()), kernel/fork.c
// (mmget_not_zero(), mmput()).
//
// Limits: every mapping is shared and has an owner; none is split, moved or resized.
#pragma once

#include <cerrno>

#include "lib/page/user_table.h"
#include "lib/sync/rw_semaphore.h"

namespace anyctx::page {

enum class Touch : std::uint8_t { done, sigsegv, sigbus };

/// Members are for preemptible tasks unless they say otherwise.
template <machine::Machine M>
class AddressSpace {
 public:
  AddressSpace() = default;
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;

  /// A process without mappings, its own user. Also resets one that was in use. One entry of
  /// `ptes` for each page that it can map.
  void init(PageAllocator<M>& pages, std::span<UserPte<M>> ptes) {
    page_size_ = pages.page_size();
    pages_ = &pages;
    table_.init(pages, ptes);
    lock_.init();
    users_.init(1);
    gone_.init(0);
    for (Vma<M>& vma : vmas_) vma = {};
  }

  // What a process does. Errors are negative.

  int map(MappingOwner<M>& owner, const MapRequest& request, std::uint64_t& address);
  /// Whole mappings only: one that would be split refuses, and nothing changes.
  int unmap(std::uint64_t start, std::uint64_t length);
  int remap(std::uint64_t, std::uint64_t, std::uint64_t) { return -EINVAL; }
  /// Gives the child, which was just made, the mappings that a child gets.
  int fork(AddressSpace& child);
  /// The process is gone: its memory goes when nobody else uses it.
  void exit() { mmput(); }
  /// Reads or writes at an address: `access(page)` is called at that moment. Repeated as often as
  /// it takes.
  template <class F>
  Touch touch(std::uint64_t address, bool write, F access);

  // What owners of mappings do.

  /// False: the process is gone or going. True: its memory stays until mmput(). Every context.
  [[nodiscard]] bool mmget_not_zero() {
    std::uint32_t found = users_.load();
    while (found != 0) {
      if (users_.cas(found, found + 1)) return true;
    }
    return false;
  }
  /// The last one removes all mappings.
  void mmput() {
    M::might_sleep(site::mm_sleeps);
    if (users_.fetch_add(~std::uint32_t{0}, std::memory_order_acq_rel) != 1) return;
    remove_all();
    gone_.store(1);
  }

  void mmap_read_lock() { lock_.read_lock(); }
  void mmap_read_unlock() { lock_.read_unlock(); }
  void mmap_write_lock() { lock_.write_lock(); }
  void mmap_write_unlock() { lock_.write_unlock(); }

  /// The mapping that contains the address, or null. Lock.
  Vma<M>* find_vma(std::uint64_t address) {
    for (Vma<M>& vma : vmas_) {
      if (vma.end != 0 && vma.contains(address)) return &vma;
    }
    return nullptr;
  }
  /// Unmaps the pages of a part of a mapping; what is outside of it is ignored. Lock.
  void zap(Vma<M>& vma, std::uint64_t start, std::uint64_t length) {
    if (!lock_.is_held()) M::bug(machine::Bug::bad_context, this);
    const std::uint64_t from = start > vma.start ? start : vma.start;
    const std::uint64_t to = start + length < vma.end ? start + length : vma.end;
    if (from < to) table_.zap(from, to);
  }
  /// An address range that is free, at `hint` if possible (not null), or -ENOMEM. With `fixed` the
  /// hint is the answer. Lock.
  std::int64_t find_hole(std::uint64_t hint, std::uint64_t length, bool fixed) const;

  std::uint64_t page_size() const { return page_size_; }

  // For oracles: no decision points.

  template <class F>
  void peek_ptes(F f) const {
    table_.peek_each(f);
  }
  template <class F>
  void peek_vmas(F f) const {
    for (const Vma<M>& vma : vmas_) {
      if (vma.end != 0) f(vma);
    }
  }
  std::uint32_t peek_users() const { return users_.peek(); }
  /// The process ended, and all of its memory went.
  bool peek_gone() const { return gone_.peek() != 0; }

 private:
  static constexpr unsigned kMaxVmas = 8;
  static constexpr std::uint64_t kLowest = std::uint64_t{1} << 16;
  static constexpr std::uint64_t kHighest = (std::uint64_t{1} << 47) - 4096;
  static constexpr std::uint64_t kFirstHole = 0x7f00'0000'0000;

  using Result = FaultResult<M>;

  bool is_aligned(std::uint64_t value) const { return (value & (page_size_ - 1)) == 0; }
  static bool overlaps(const Vma<M>& vma, std::uint64_t start, std::uint64_t end) {
    return vma.end != 0 && vma.start < end && start < vma.end;
  }
  const Vma<M>* first_overlap(std::uint64_t start, std::uint64_t end) const {
    for (const Vma<M>& vma : vmas_) {
      if (overlaps(vma, start, end)) return &vma;
    }
    return nullptr;
  }
  Vma<M>* free_vma() {
    for (Vma<M>& vma : vmas_) {
      if (vma.end == 0) return &vma;
    }
    return nullptr;
  }

  int map_locked(MappingOwner<M>& owner, const MapRequest& request, std::uint64_t length,
                 std::uint64_t& address);
  int unmap_locked(std::uint64_t start, std::uint64_t end);
  void remove(Vma<M>& vma);
  void remove_all();
  enum class Handled : std::uint8_t { again, waits, sigsegv, sigbus };
  Handled handle_fault(std::uint64_t address, bool write);
  Handled finish_fault(Vma<M>& vma, std::uint64_t address, const Result& found);

  sync::RwSemaphore<M, site::mmap_lock, site::mmap_wait> lock_;
  machine::Atomic<M, std::uint32_t, site::mm_users> users_;
  machine::Atomic<M, std::uint32_t, site::mm_users> gone_;
  std::uint64_t page_size_ = 0;
  PageAllocator<M>* pages_ = nullptr;
  UserTable<M> table_;
  Vma<M> vmas_[kMaxVmas];
};

}  // namespace anyctx::page

#include "lib/page/address_space_map.h"
#include "lib/page/user_fault.h"
