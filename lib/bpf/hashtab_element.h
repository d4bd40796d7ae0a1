// HashElement: a key and its value in a hash table, and where such elements come from.
// Source: Linux 7.3 kernel/bpf/hashtab.c (struct htab_elem), include/linux/rculist_nulls.h.
#pragma once

#include <concepts>
#include <cstddef>

#include "lib/bpf/percpu_freelist.h"

namespace anyctx::bpf {

/// Readers stand on elements that leave their bucket and come back elsewhere. So the link of the
/// bucket stays what it is while the element is free, and the other one is for those who own it.
template <machine::Machine M>
struct HashElement {
  FreelistNode node;  // first: while it is free, or waits for a grace period
  machine::Atomic<M, std::uintptr_t, site::hashtab_link> next;
  machine::Atomic<M, std::uint64_t, site::hashtab_word> key;

  using Word = machine::Atomic<M, std::uint64_t, site::hashtab_word>;
  Word* value() { return reinterpret_cast<Word*>(this + 1); }
  const Word* value() const { return reinterpret_cast<const Word*>(this + 1); }

  static constexpr std::size_t bytes(unsigned value_words) {
    return sizeof(HashElement) + value_words * sizeof(Word);
  }
};

/// What the link of a bucket's last element says: which bucket it is. Who arrives at the end of
/// another one followed an element that moved, and begins again.
constexpr bool is_end(std::uintptr_t link) {
  return (link & 1) != 0;
}
constexpr std::uintptr_t end_of_bucket(std::uint32_t bucket) {
  return std::uintptr_t{bucket} << 1 | 1;
}

/// Storage for elements, and for the table itself. allocate() returns null if there is none. Both
/// are called with a bucket's lock held, in any context. release_after_grace() is given the first
/// word of what readers of RCU may still look at.
template <class S>
concept ElementSource = requires(S source, std::size_t bytes, void* memory) {
  { source.allocate(bytes) } -> std::same_as<void*>;
  { source.release(memory) } -> std::same_as<void>;
  { source.release_after_grace(memory) } -> std::same_as<void>;
};

}  // namespace anyctx::bpf
