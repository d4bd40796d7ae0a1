// Teardowns: slots of an arena whose pages are being taken away.
//
// A slot must not be handed out again while a translation or a user mapping can still lead to its
// old page. So its bit in the range tree is set last, and until then a record says where the hole
// is: to faults, which must not fill it, and to whoever can set the bits. That is not always the
// one who removed the pages: the lock may not be to be had, or no node for the tree. A record
// outlives both, and no address is lost. (The kernel sets the bits first, and loses them without a
// node.)
#pragma once

#include <new>

#include "lib/bpf/arena_layout.h"
#include "lib/bpf/arena_nodes.h"
#include "lib/bpf/range_tree.h"
#include "lib/defer/llist.h"

namespace anyctx::bpf {

enum class TeardownPhase : std::uint8_t {
  free,    // no record
  active,  // pages are on their way out
  done,    // nothing leads to them: the bits may be set
};

/// Also what waits for the worker: then it is on a list, and nothing has been removed yet.
///
/// `phase` becomes done without the lock; everything else belongs to the lock. Once it is done, the
/// record is no longer its maker's.
template <machine::Machine M>
struct Teardown {
  defer::LlistNode link{};  // while it waits
  Teardown* next = nullptr;
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  machine::Atomic<M, TeardownPhase, site::arena_teardown> phase;
  std::uint32_t bytes = 0;  // of its memory; 0: it is in the pool

  /// In memory of that size.
  static Teardown& make(void* memory, std::size_t bytes) {
    Teardown& record = *::new (memory) Teardown;
    record.bytes = static_cast<std::uint32_t>(bytes);
    return record;
  }
  static Teardown* of(defer::LlistNode* node) { return reinterpret_cast<Teardown*>(node); }
  Slots slots() const { return {first, count}; }
  void cover(Slots slots) {
    first = static_cast<std::uint32_t>(slots.first);
    count = static_cast<std::uint32_t>(slots.count);
  }
  /// The last step of whoever removed the pages.
  void finish() { phase.store(TeardownPhase::done); }
};

/// Everything needs the arena's lock. No allocation but of nodes.
template <machine::Machine M>
class Teardowns {
 public:
  using Tree = RangeTree<M, ArenaNodes<M>>;
  /// Frees that may be under way at once without memory of their own.
  static constexpr unsigned kPooled = 16;

  Teardowns(Tree& tree, ArenaMemory<M>& memory) : tree_(&tree), memory_(&memory) {}

  /// A record of the pool, or null.
  Teardown<M>* claim() {
    for (Teardown<M>& record : pool_) {
      if (record.phase.load(std::memory_order_relaxed) == TeardownPhase::free) return &record;
    }
    return nullptr;
  }

  /// From here on the slots of `range` that are not free are the record's. It covers all from the
  /// first to the last of them: what is free in between must wait, too. False: there are none, and
  /// the record is as it was.
  bool begin(Teardown<M>& record, Slots range) {
    std::uint64_t end = range.end();
    tree_->trim(range.first, end);
    if (range.first == end) return false;
    range.count = end - range.first;
    add(record, range);
    // Of whole runs, so this needs no node.
    range = below_limit(range);
    if (!range.empty()) static_cast<void>(tree_->clear(range.first, range.count));
    return true;
  }

  /// The same for slots that are known to be taken.
  void add(Teardown<M>& record, Slots taken, TeardownPhase phase = TeardownPhase::active) {
    record.cover(taken);
    record.phase.store(phase, std::memory_order_relaxed);
    record.next = first_;
    first_ = &record;
  }

  /// Gives slots back from which nothing needs to be removed. If the tree cannot take them now, a
  /// record keeps them; only if there is none left either, they are lost.
  void give_back(Slots slots) {
    if (set(slots) != -ENOMEM) return;
    if (Teardown<M>* const record = claim()) add(*record, slots, TeardownPhase::done);
  }

  /// Sets the bits of all records that are done, as far as the tree takes them.
  void settle() {
    Teardown<M>** link = &first_;
    while (*link != nullptr) {
      Teardown<M>& record = **link;
      const bool is_done = record.phase.load() == TeardownPhase::done;
      if (is_done && set_bits(record)) {
        *link = record.next;
        dispose(record);
      } else {
        link = &record.next;
      }
    }
  }

  /// What a slot is waiting for: free if nothing has it, done if only its bit is missing.
  TeardownPhase phase_of(std::uint64_t slot) const {
    TeardownPhase phase = TeardownPhase::free;
    for (const Teardown<M>* record = first_; record != nullptr; record = record->next) {
      if (!record->slots().contains(slot)) continue;
      if (record->phase.load() == TeardownPhase::active) return TeardownPhase::active;
      phase = TeardownPhase::done;
    }
    return phase;
  }

  /// A record that is on no list.
  void dispose(Teardown<M>& record) {
    if (record.bytes == 0) {
      record.phase.store(TeardownPhase::free, std::memory_order_relaxed);
    } else {
      memory_->release(&record, record.bytes);
    }
  }
  /// Forgets all records. Nobody works on them any more, and the tree is going, too.
  void destroy() {
    while (Teardown<M>* const record = first_) {
      first_ = record->next;
      dispose(*record);
    }
  }

  /// For oracles: calls `f(slots, phase)` for each record.
  template <class F>
  void peek_each(F f) const {
    peek_each_record([&](const Teardown<M>& record) { f(record.slots(), record.phase.peek()); });
  }
  template <class F>
  void peek_each_record(F f) const {
    for (const Teardown<M>* record = first_; record != nullptr; record = record->next) f(*record);
  }

 private:
  const Teardown<M>* other_that_covers(const Teardown<M>& own, std::uint64_t slot) const {
    for (const Teardown<M>* record = first_; record != nullptr; record = record->next) {
      if (record != &own && record->slots().contains(slot)) return record;
    }
    return nullptr;
  }

  /// How many slots from `slot` on no other record has.
  std::uint64_t own_run(const Teardown<M>& own, std::uint64_t slot) const {
    std::uint64_t end = own.slots().end();
    for (const Teardown<M>* record = first_; record != nullptr; record = record->next) {
      if (record == &own || record->first < slot) continue;
      if (record->first < end) end = record->first;
    }
    return end - slot;
  }

  /// Slots that another record has as well are left to it: the last one sets the bit. What is set
  /// leaves the record, since it may be handed out at once. False if there is no node for the rest.
  bool set_bits(Teardown<M>& record) {
    while (record.count != 0) {
      Slots run{record.first, 0};
      if (const Teardown<M>* const other = other_that_covers(record, record.first)) {
        const std::uint64_t end = other->slots().end();
        run.count = (end < record.slots().end() ? end : record.slots().end()) - run.first;
      } else {
        run.count = own_run(record, record.first);
        if (set(run) == -ENOMEM) return false;
      }
      record.cover({record.first + run.count, record.count - run.count});
    }
    return true;
  }

  /// What is mapped beyond the arena's size has no bit.
  Slots below_limit(Slots slots) const {
    if (slots.first >= tree_->limit()) return {};
    if (slots.end() > tree_->limit()) slots.count = tree_->limit() - slots.first;
    return slots;
  }
  int set(Slots slots) {
    slots = below_limit(slots);
    return slots.empty() ? 0 : tree_->set(slots.first, slots.count);
  }

  Tree* tree_;
  ArenaMemory<M>* memory_;
  Teardown<M>* first_ = nullptr;
  Teardown<M> pool_[kPooled];
};

}  // namespace anyctx::bpf
