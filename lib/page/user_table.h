// UserTable: which pages a process has mapped. Each mapping holds a reference to its page.
//
// The user's translations are not modelled apart from it: an access goes by the table, under the
// lock that removals take, so it sees a mapping or its removal, as with a TLB that is flushed
// before the removal's lock is released and before the reference drops. That much is the duty of
// generic code (mmu_gather), not of owners of pages, whose mistakes show as mappings that were not
// removed.
#pragma once

#include <span>

#include "lib/page/page_allocator.h"
#include "lib/page/vma.h"
#include "lib/sync/spinlock.h"

namespace anyctx::page {

template <machine::Machine M>
struct UserPte {
  std::uint64_t address = 0;
  Page<M>* page = nullptr;
  bool write = false;
};

/// Members but for those named peek are for task context.
template <machine::Machine M>
class UserTable {
 public:
  enum class Install : std::uint8_t { done, taken, refused, no_memory };

  void init(PageAllocator<M>& pages, std::span<UserPte<M>> storage) {
    pages_ = &pages;
    storage_ = storage;
    used_ = 0;
    lock_ = {};
  }

  /// Calls `access(page)` if a page is mapped at this address that the user may read, or write;
  /// nobody removes it meanwhile.
  template <class F>
  bool access(std::uint64_t address, bool write, F& access) {
    lock_.lock();
    const UserPte<M>* const pte = find(address);
    const bool allowed = pte != nullptr && (pte->write || !write);
    if (allowed) access(*pte->page);
    lock_.unlock();
    return allowed;
  }

  /// Maps a page, unless one is mapped there or `is_current()` says no. The reference is taken only
  /// if done.
  template <class F>
  Install install(std::uint64_t address, Page<M>& page, bool write, F is_current) {
    if (M::fails(site::pte, false)) return Install::no_memory;
    lock_.lock();
    const Install result = install_locked({address, &page, write}, is_current);
    lock_.unlock();
    if (result == Install::no_memory) static_cast<void>(M::fails(site::pte, true));
    return result;
  }

  /// Unmaps [from, to). The user has no access any more when references drop.
  void zap(std::uint64_t from, std::uint64_t to) {
    Page<M>* gathered[kBatch];
    for (;;) {
      lock_.lock();
      const unsigned count = remove(from, to, gathered);
      lock_.unlock();
      if (count == 0) return;
      M::probe(site::user_flush);
      for (unsigned i = 0; i < count; ++i) pages_->free_pages(gathered[i], 0);
    }
  }

  /// For oracles: calls `f(address, page)`.
  template <class F>
  void peek_each(F f) const {
    for (std::size_t i = 0; i < used_; ++i) f(storage_[i].address, storage_[i].page);
  }

 private:
  static constexpr unsigned kBatch = 32;

  const UserPte<M>* find(std::uint64_t address) const {
    for (std::size_t i = 0; i < used_; ++i) {
      if (storage_[i].address == address) return &storage_[i];
    }
    return nullptr;
  }

  template <class F>
  Install install_locked(const UserPte<M>& pte, F is_current) {
    if (find(pte.address) != nullptr) return Install::taken;
    if (used_ == storage_.size()) return Install::no_memory;
    if (!is_current()) return Install::refused;
    storage_[used_++] = pte;
    return Install::done;
  }

  unsigned remove(std::uint64_t from, std::uint64_t to, Page<M>** gathered) {
    unsigned count = 0;
    for (std::size_t i = 0; i < used_ && count < kBatch;) {
      if (storage_[i].address - from >= to - from) {
        ++i;
        continue;
      }
      gathered[count++] = storage_[i].page;
      storage_[i] = storage_[--used_];
    }
    return count;
  }

  PageAllocator<M>* pages_ = nullptr;
  std::span<UserPte<M>> storage_;
  std::size_t used_ = 0;
  sync::SpinLock<M, site::pte_lock> lock_;
};

}  // namespace anyctx::page
