// Arena: freeing. In every case: the leaf is cleared, translations are flushed, users' mappings
// removed, the reference dropped, the slot given back; in this order.
#pragma once

#include "lib/bpf/arena.h"

namespace anyctx::bpf {

template <machine::Machine M>
void Arena<M>::free_pages(std::uint64_t pointer, std::uint32_t count, Sleeps sleeps) {
  if (sleeps == Sleeps::may) M::might_sleep(site::arena_sleeps);
  if (pointer == 0 || count == 0) return;
  const Slots slots = layout_.to_free(users_.window(), pointer, count);
  if (slots.empty()) return;
  sleeps == Sleeps::may ? free_now(slots) : free_later(slots);
}

template <machine::Machine M>
void Arena<M>::free_now(Slots slots) {
  machine::IrqState state;
  if (lock(state) != 0) return free_later(slots);
  Record* const record = teardowns_.claim();
  if (M::fails(site::arena_no_teardown, record == nullptr)) {
    unlock(state);
    return free_later(slots);
  }
  Chain chain;
  const bool is_busy = take_away(*record, slots, chain);
  const Slots busy = is_busy ? record->slots() : Slots{};
  unlock(state);
  if (!is_busy) return;
  remove(busy, chain);
  record->finish();
  settle();
}

/// Unmaps what is mapped in the slots. True: pages are in the chain, and the record, which covers
/// them, stays until it is finished. False: that was all, and the record is gone. Lock.
template <machine::Machine M>
bool Arena<M>::take_away(Record& record, Slots slots, Chain& chain) {
  const bool is_listed = teardowns_.begin(record, slots);
  // The scratch page can be where nothing was allocated.
  unmap(slots, chain);
  if (!is_listed) {
    teardowns_.dispose(record);
    return false;
  }
  if (!chain.empty()) return true;
  record.finish();
  teardowns_.settle();
  return false;
}

template <machine::Machine M>
void Arena<M>::unmap(Slots slots, Chain& chain) {
  const std::uint64_t from = kernel_of(slots.first);
  pages_.unmap(from, from + slots.count * layout_.page_size(), chain);
}

/// Nothing leads to the pages when they are given up. Neither lock nor leaves are needed. Sleeps.
template <machine::Machine M>
void Arena<M>::remove(Slots slots, Chain& chain) {
  M::might_sleep(site::arena_sleeps);
  const std::uint64_t bytes = slots.count * layout_.page_size();
  const std::uint64_t from = kernel_of(slots.first);
  M::probe(site::arena_to_flush);
  pages_.flush(from, from + bytes);
  M::probe(site::arena_to_zap);
  // A page that no user holds is in no process, and cannot get there any more.
  const bool is_unshared = chain.is_one() && chain.first->refcount.load() == 1;
  if (!is_unshared) users_.zap(layout_.address_of(users_.window(), slots.first), bytes);
  M::probe(site::arena_to_free);
  pages_.release(chain);
}

/// Sets the bits of what was removed. If the lock is not to be had, whoever has it next does it:
/// the worker at the latest.
template <machine::Machine M>
void Arena<M>::settle() {
  machine::IrqState state;
  lock(state) == 0 ? unlock(state) : static_cast<void>(work_.schedule());
}

// Deferred.

template <machine::Machine M>
void Arena<M>::free_later(Slots slots) {
  void* const memory =
      M::fails(site::arena_span, false) ? nullptr : memory_.allocate(sizeof(Record));
  if (memory != nullptr) queue(Record::make(memory, sizeof(Record)), slots);
}

template <machine::Machine M>
void Arena<M>::queue(Record& span, Slots slots) {
  span.cover(slots);
  spans_.push(&span.link);
  M::probe(site::arena_pushed);
  irq_work_.queue();
}

/// Also sets the bits of what it removed, each time with the lock that it takes for the next.
template <machine::Machine M>
void Arena<M>::handle_spans() {
  for (bool more = true; more;) {
    if (!handle_some_spans(more)) {
      work_.schedule();
      return;
    }
    M::probe(site::arena_worker);
  }
}

/// No more than may be handled with interrupts off. False: the lock was not to be had.
template <machine::Machine M>
bool Arena<M>::handle_some_spans(bool& more) {
  Removal removals[kSpansAtOnce];
  unsigned count = 0;
  machine::IrqState state;
  if (lock(state) != 0) return false;
  const unsigned taken = take_spans(removals, count);
  unlock(state);
  for (unsigned i = 0; i < count; ++i) remove(removals[i].slots, removals[i].chain);
  for (unsigned i = 0; i < count; ++i) removals[i].record->finish();
  more = taken != 0;
  return true;
}

/// How many spans were taken from the list. `count` of them had pages. Lock.
template <machine::Machine M>
unsigned Arena<M>::take_spans(Removal* removals, unsigned& count) {
  unsigned taken = 0;
  if (taken_spans_ == nullptr) taken_spans_ = spans_.take_all();
  for (; taken_spans_ != nullptr && taken < kSpansAtOnce; ++taken) {
    Record& record = *Record::of(taken_spans_);
    taken_spans_ = spans_.next(taken_spans_);
    Removal& removal = removals[count];
    removal.record = &record;
    if (!take_away(record, record.slots(), removal.chain)) continue;
    removal.slots = record.slots();
    ++count;
  }
  return taken;
}

template <machine::Machine M>
template <class F>
void Arena<M>::peek_waiting(F f) const {
  for (const defer::LlistNode* list : {spans_.peek(), taken_spans_}) {
    for (; list != nullptr; list = static_cast<const defer::LlistNode*>(list->next)) {
      f(*Record::of(const_cast<defer::LlistNode*>(list)));
    }
  }
}

}  // namespace anyctx::bpf
