// Sheaf: an array of free objects of one cache, handed from place to place as a whole.
// Source: Linux 7.3 mm/slub.c (struct slab_sheaf, calculate_sheaf_capacity).
//
// Its objects count as in use in their slabs. It is in one place at a time: a CPU's, a barn's, in
// the hands of one frame, or waiting for a grace period. Places that hold it are changed, and the
// sheaf with them, under the lock of the place.
#pragma once

#include <cstddef>
#include <new>

#include "lib/defer/rcu_head.h"
#include "lib/machine/check.h"
#include "lib/slab/sites.h"

namespace anyctx::slab {

/// How many objects of this size a sheaf has room for. Small multiples of 64 bytes less a header.
constexpr std::uint32_t sheaf_capacity(std::uint32_t object_size) {
  if (object_size < 256) return 60;
  if (object_size < 1024) return 28;
  if (object_size < 4096) return 12;
  return 4;
}

template <machine::Machine M>
struct Sheaf {
  static constexpr std::size_t kHeader = 32;

  union {
    Sheaf* next = nullptr;  // barn lock: on a list of the barn
    void* owner;            // of a sheaf that waits for a grace period: who takes it back
  };
  machine::Atomic<M, std::uint32_t, site::sheaf_size> size;
  std::uint32_t capacity = 0;  // constant
  defer::RcuHead<M> grace;     // waits for a grace period

  static Sheaf& of(defer::RcuHead<M>* head) {
    return *reinterpret_cast<Sheaf*>(reinterpret_cast<std::byte*>(head) - offsetof(Sheaf, grace));
  }
  static constexpr std::size_t bytes(std::uint32_t capacity) {
    return kHeader + capacity * sizeof(void*);
  }
  /// An empty one, in memory of bytes(capacity).
  static Sheaf* make(void* memory, std::uint32_t capacity) {
    static_assert(sizeof(Sheaf) <= kHeader);
    auto* const sheaf = new (memory) Sheaf;
    sheaf->capacity = capacity;
    return sheaf;
  }

  void** objects() {
    return reinterpret_cast<void**>(reinterpret_cast<std::byte*>(this) + kHeader);
  }
  void* const* objects() const { return const_cast<Sheaf*>(this)->objects(); }

  std::uint32_t load_size() const { return size.load(std::memory_order_relaxed); }
  void set_size(std::uint32_t count) { size.store(count, std::memory_order_relaxed); }
  bool is_empty() const { return load_size() == 0; }
  bool is_full() const { return load_size() == capacity; }

  /// The object that pop() would return; null if there is none.
  void* top() const {
    const std::uint32_t count = load_size();
    return count == 0 ? nullptr : objects()[count - 1];
  }
  void* pop() {
    const std::uint32_t count = load_size();
    ANYCTX_CHECK(count != 0);
    set_size(count - 1);
    return objects()[count - 1];
  }
  void push(void* object) {
    const std::uint32_t count = load_size();
    ANYCTX_CHECK_OP(count, <, capacity);
    objects()[count] = object;
    set_size(count + 1);
  }
};

}  // namespace anyctx::slab
