// ArenaUsers: the mappings of an arena in processes, and how its pages are removed from them.
// Source: Linux 7.3 kernel/bpf/arena.c (arena_map_mmap, arena_vm_open, arena_vm_close, zap_pages).
#pragma once

#include <new>

#include "lib/bpf/arena_layout.h"
#include "lib/bpf/sites.h"
#include "lib/page/address_space.h"
#include "lib/slab/slab_allocator.h"
#include "lib/sync/spinlock.h"

namespace anyctx::bpf {

/// Task context. Order of locks: the removals' mutex, the lock of a process's mappings, the list's
/// mutex.
template <machine::Machine M>
class ArenaUsers {
 public:
  using Space = page::AddressSpace<M>;
  using Vma = page::Vma<M>;

  void init(slab::SlabAllocator<M>& slabs, page::MappingOwner<M>& owner, UserWindow window) {
    slabs_ = &slabs;
    owner_ = &owner;
    end_.init(window.end);
    start_.init(window.start);
  }

  /// Where all processes map the arena, once the first one has. Every context.
  UserWindow window() const {
    const std::uint64_t start = start_.load();
    return start == 0 ? UserWindow{} : UserWindow{start, end_.load(std::memory_order_relaxed)};
  }

  /// A new mapping: -EBUSY if it is not where the others are, -ENOMEM. The process's lock is held
  /// for writing, as it is in the next two.
  int add(Vma& vma) {
    void* const memory = M::fails(site::arena_record, false)
                             ? nullptr
                             : slabs_->kmalloc(sizeof(Record), page::gfp::kernel);
    mutex_.lock();
    const int result = admit(vma, memory);
    mutex_.unlock();
    if (result != 0) slabs_->kfree(memory);
    return result;
  }
  /// A copy of a mapping, or a part.
  void open(Vma& vma) {
    mutex_.lock();
    ++static_cast<Record*>(vma.private_data)->vmas;
    mutex_.unlock();
  }
  void close(Vma& vma) {
    auto* const record = static_cast<Record*>(vma.private_data);
    mutex_.lock();
    const bool is_last = --record->vmas == 0;
    if (is_last) unlink(*record);
    mutex_.unlock();
    if (is_last) slabs_->kfree(record);
  }

  /// Removes the user's pages [start, start + length) from all processes, and drops the references
  /// of those mappings. One that is on its way out removes its own.
  void zap(std::uint64_t start, std::uint64_t length) {
    zap_mutex_.lock();
    const std::uint64_t turn = ++turn_;
    std::uint64_t at = 0;
    while (Space* const mm = next_to_zap(turn, at)) {
      M::probe(site::arena_zap_step);
      mm->mmap_read_lock();
      // It may be gone by now, and another one be there.
      Vma* const vma = mm->find_vma(at);
      if (vma != nullptr && vma->start == at && vma->owner == owner_) mm->zap(*vma, start, length);
      mm->mmap_read_unlock();
      mm->mmput();
    }
    zap_mutex_.unlock();
  }

  bool empty() {
    mutex_.lock();
    const bool is_empty = first_ == nullptr;
    mutex_.unlock();
    return is_empty;
  }

  /// For oracles.
  UserWindow peek_window() const {
    return start_.peek() == 0 ? UserWindow{} : UserWindow{start_.peek(), end_.peek()};
  }
  /// Calls `f(start, end)` for each mapping.
  template <class F>
  void peek_each(F f) const {
    for (const Record* record = first_; record != nullptr; record = record->next) {
      f(record->start, record->end);
    }
  }

 private:
  struct Record {
    Record* next;
    Space* mm;
    std::uint64_t start;
    std::uint64_t end;
    std::uint64_t turn;  // of the last removal that has seen it
    std::uint32_t vmas;
  };

  /// Mutex.
  int admit(Vma& vma, void* memory) {
    const UserWindow known = window();
    if (known.known() && (known.start != vma.start || known.end != vma.end)) return -EBUSY;
    if (memory == nullptr) return -ENOMEM;
    first_ = ::new (memory) Record{first_, vma.mm, vma.start, vma.end, 0, 1};
    vma.private_data = first_;
    if (!known.known()) {
      end_.store(vma.end, std::memory_order_relaxed);
      start_.store(vma.start);
    }
    return 0;
  }
  /// Mutex.
  void unlink(Record& record) {
    Record** link = &first_;
    while (*link != &record) link = &(*link)->next;
    *link = record.next;
  }

  /// The process and the start of a mapping that this removal has not seen; null: no more.
  Space* next_to_zap(std::uint64_t turn, std::uint64_t& at) {
    mutex_.lock();
    Space* found = nullptr;
    for (Record* record = first_; record != nullptr && found == nullptr; record = record->next) {
      if (record->turn >= turn) continue;
      record->turn = turn;
      if (!record->mm->mmget_not_zero()) continue;
      found = record->mm;
      at = record->start;
    }
    mutex_.unlock();
    return found;
  }

  slab::SlabAllocator<M>* slabs_ = nullptr;
  page::MappingOwner<M>* owner_ = nullptr;
  machine::Atomic<M, std::uint64_t, site::arena_window> start_;
  machine::Atomic<M, std::uint64_t, site::arena_window> end_;
  sync::Mutex<M, site::arena_zap_mutex> zap_mutex_;
  sync::Mutex<M, site::arena_mutex> mutex_;
  Record* first_ = nullptr;
  std::uint64_t turn_ = 0;
};

}  // namespace anyctx::bpf
