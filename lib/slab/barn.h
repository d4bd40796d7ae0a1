// Barn: the full and the empty sheaves that the CPUs of a node share.
// Source: Linux 7.3 mm/slub.c (struct node_barn).
#pragma once

#include "lib/page/frame_lock.h"
#include "lib/page/spin.h"
#include "lib/slab/sheaf.h"

namespace anyctx::slab {

/// A sheaf that is passed to a call is the barn's afterwards, if the call says that it took it; one
/// that is returned is the caller's. With Spin::never the lock is only tried: any context.
/// The limits are soft: an exchange adds an empty sheaf however many there are.
template <machine::Machine M>
class Barn {
 public:
  /// How many sheaves of each kind it accepts.
  void init(std::uint32_t limit) { limit_ = limit; }

  /// A full sheaf, in exchange for an empty one if there is one to give. Null: there is none, or
  /// the lock is taken, and nothing has changed.
  Sheaf<M>* take_full(Sheaf<M>* empty, page::Spin spin) {
    if (M::fails(site::no_sheaf, full_.length() == 0)) return nullptr;
    const Section section(lock_, spin);
    if (!section) return nullptr;
    if (M::fails(site::no_sheaf, full_.first() == nullptr)) return nullptr;
    if (empty != nullptr) empty_.push(*empty);
    return full_.pop();
  }
  Sheaf<M>* take_empty(page::Spin spin) {
    if (M::fails(site::no_sheaf, empty_.length() == 0)) return nullptr;
    const Section section(lock_, spin);
    return section ? empty_.pop() : nullptr;
  }
  /// An empty sheaf in exchange for a full one. Null: there is none, or too many full ones, or the
  /// lock is taken, and nothing has changed.
  Sheaf<M>* exchange_full(Sheaf<M>& full, page::Spin spin) {
    const bool impossible = empty_.length() == 0 || full_.length() >= limit_;
    if (M::fails(site::no_sheaf, impossible)) return nullptr;
    const Section section(lock_, spin);
    if (!section || full_.length() >= limit_) return nullptr;
    Sheaf<M>* const empty = empty_.pop();
    if (empty != nullptr) full_.push(full);
    return empty;
  }
  /// A hint: another full sheaf would not be accepted.
  bool has_enough_full() const { return full_.length() >= limit_; }
  /// False if there are too many already. May spin.
  bool put_full(Sheaf<M>& full) { return put(full_, full); }
  bool put_empty(Sheaf<M>& empty) { return put(empty_, empty); }

  /// All of them, as a list. May spin.
  Sheaf<M>* take_all() {
    const Section section(lock_, page::Spin::allowed);
    Sheaf<M>* all = nullptr;
    for (List* const list : {&full_, &empty_}) {
      while (Sheaf<M>* const sheaf = list->pop()) {
        sheaf->next = all;
        all = sheaf;
      }
    }
    return all;
  }

  /// For oracles: no decision points.
  const Sheaf<M>* first_full() const { return full_.first(); }
  const Sheaf<M>* first_empty() const { return empty_.first(); }
  std::uint32_t peek_full() const { return full_.peek_length(); }
  std::uint32_t peek_empty() const { return empty_.peek_length(); }
  std::uint32_t limit() const { return limit_; }

 private:
  /// Its length may be read without the lock, as a hint.
  class List {
   public:
    std::uint32_t length() const { return length_.load(std::memory_order_relaxed); }
    std::uint32_t peek_length() const { return length_.peek(); }
    const Sheaf<M>* first() const { return first_; }
    void push(Sheaf<M>& sheaf) {
      sheaf.next = first_;
      first_ = &sheaf;
      M::probe(site::barn_section);
      length_.store(length() + 1, std::memory_order_relaxed);
    }
    Sheaf<M>* pop() {
      Sheaf<M>* const sheaf = first_;
      if (sheaf == nullptr) return nullptr;
      first_ = sheaf->next;
      sheaf->next = nullptr;
      M::probe(site::barn_section);
      length_.store(length() - 1, std::memory_order_relaxed);
      return sheaf;
    }

   private:
    Sheaf<M>* first_ = nullptr;
    machine::Atomic<M, std::uint32_t, site::barn_length> length_;
  };

  using Lock = page::FrameLock<M, site::barn_lock, page::Irqs::masked>;
  using Section = page::FrameSection<Lock>;

  bool put(List& list, Sheaf<M>& sheaf) {
    const Section section(lock_, page::Spin::allowed);
    if (list.length() >= limit_) return false;
    list.push(sheaf);
    return true;
  }

  Lock lock_;
  List full_;
  List empty_;
  std::uint32_t limit_ = 0;
};

}  // namespace anyctx::slab
