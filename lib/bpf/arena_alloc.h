// Arena: allocation and reservation of slots.
#pragma once

#include "lib/bpf/arena.h"

namespace anyctx::bpf {

/// Whoever has the lock sets the bits that others could not set.
template <machine::Machine M>
int Arena<M>::lock(machine::IrqState& state) {
  nodes_.refill();
  const int result = lock_.lock_irqsave(state);
  if (result != 0) return result;
  M::probe(site::arena_locked);
  teardowns_.settle();
  return 0;
}

template <machine::Machine M>
std::uint64_t Arena<M>::alloc_pages(std::uint64_t address, std::uint32_t count, int node,
                                    std::uint64_t flags, Sleeps sleeps) {
  if (sleeps == Sleeps::may) M::might_sleep(site::arena_sleeps);
  if (flags != 0 || count == 0) return 0;
  if (node != page::kNoNode && (node < 0 || node >= static_cast<int>(env_.pages->nodes())))
    return 0;
  const UserWindow window = users_.window();
  const std::uint64_t slots = layout_.slots(window);
  if (count > slots) return 0;
  Slots asked{0, count};
  if (address != 0) {
    if (!layout_.is_aligned(address)) return 0;
    asked.first = layout_.slot_of(window, address);
    if (asked.first > slots - count) return 0;
  }
  Batch batch;
  if (!make_batch(count, batch)) return 0;
  return allocate(batch, asked, address != 0, node, sleeps);
}

template <machine::Machine M>
bool Arena<M>::make_batch(std::uint32_t count, Batch& batch) {
  if (M::fails(site::arena_array, false)) return false;
  batch.limit = count < batch_limit_ ? count : batch_limit_;
  batch.bytes = batch.limit * sizeof(Page*);
  if (batch.bytes < sizeof(Record)) batch.bytes = sizeof(Record);
  batch.pages = static_cast<Page**>(memory_.allocate(batch.bytes));
  return batch.pages != nullptr;
}

/// The batch is given back.
template <machine::Machine M>
std::uint64_t Arena<M>::allocate(const Batch& batch, Slots asked, bool fixed, int node,
                                 Sleeps sleeps) {
  machine::IrqState state;
  std::uint64_t address = 0;
  if (lock(state) == 0) {
    if (find_slots(asked, fixed) && tree_.clear(asked.first, asked.count) == 0) {
      const std::uint64_t mapped = populate(batch, asked, node);
      if (mapped != 0 && mapped != asked.count) {
        undo(batch, asked, sleeps, state);
        return 0;
      }
      if (mapped == 0) teardowns_.give_back(asked);
      if (mapped != 0) address = layout_.address_of(users_.window(), asked.first);
    }
    unlock(state);
  }
  memory_.release(batch.pages, batch.bytes);
  return address;
}

/// Slots that are free, and that a process can map. Lock.
template <machine::Machine M>
bool Arena<M>::find_slots(Slots& slots, bool fixed) const {
  if (fixed) return tree_.is_set(slots.first, slots.count) == 0;
  const std::int64_t found = tree_.find(slots.count);
  if (found < 0) return false;
  slots.first = static_cast<std::uint64_t>(found);
  return slots.end() <= layout_.slots(users_.window());
}

/// How many of the slots got a page. Lock.
template <machine::Machine M>
std::uint64_t Arena<M>::populate(const Batch& batch, Slots slots, int node) {
  const std::uint64_t from = kernel_of(slots.first);
  std::uint64_t mapped = 0;
  while (mapped < slots.count) {
    const std::uint64_t left = slots.count - mapped;
    const std::uint64_t count = left < batch.limit ? left : batch.limit;
    if (!pages_.allocate(batch.pages, count, node)) break;
    const std::uint64_t done = pages_.map(from + mapped * layout_.page_size(), batch.pages, count);
    mapped += done;
    if (done == count) continue;
    pages_.release(batch.pages, done, count);
    break;
  }
  // Even if they are about to go: programs can reach them already.
  pages_.sync_cache(from, from + mapped * layout_.page_size());
  return mapped;
}

/// Only some of the slots got a page. They all go the way of a free, and the array is its record.
/// Releases the lock.
template <machine::Machine M>
void Arena<M>::undo(const Batch& batch, Slots slots, Sleeps sleeps, machine::IrqState state) {
  Record& record = Record::make(batch.pages, batch.bytes);
  if (sleeps == Sleeps::never) {
    unlock(state);
    M::probe(site::arena_unwound);
    return queue(record, slots);
  }
  Chain chain;
  teardowns_.add(record, slots);
  unmap(slots, chain);
  unlock(state);
  M::probe(site::arena_unwound);
  remove(slots, chain);
  record.finish();
  settle();
}

template <machine::Machine M>
int Arena<M>::reserve_pages(std::uint64_t pointer, std::uint32_t count) {
  if (count == 0) return 0;
  if (!layout_.is_aligned(pointer)) return -EINVAL;
  const UserWindow window = users_.window();
  const Slots slots{layout_.slot_of(window, pointer), count};
  if (slots.end() > layout_.slots(window)) return -EINVAL;
  machine::IrqState state;
  if (lock(state) != 0) return -EBUSY;
  int result = -EBUSY;
  if (tree_.is_set(slots.first, slots.count) == 0) result = tree_.clear(slots.first, slots.count);
  unlock(state);
  return result;
}

}  // namespace anyctx::bpf
