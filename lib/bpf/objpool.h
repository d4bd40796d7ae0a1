// ObjPool: a fixed number of objects that are allocated once and change hands in every context.
// Source: Linux 7.3 lib/objpool.c (rings, order, sizes, results).
//
// Each CPU has a ring. Objects are pushed to the ring of the CPU that one runs on, and popped from
// that one or, if it is empty, from those of others. In the kernel, a push in an NMI that
// interrupts a push of the same CPU publishes places that are not written yet. Here only the
// outermost push publishes, for all that nested in it.
#pragma once

#include <cerrno>
#include <new>

#include "lib/bpf/pool_sites.h"
#include "lib/bpf/range_node.h"
#include "lib/machine/atomic.h"

namespace anyctx::bpf {

/// push() and pop() never wait and are legal in every context, also nested in each other at any
/// point. What comes after a pop() sees what came before the push() of that object.
template <machine::Machine M, NodeSource Source>
class ObjPool {
 public:
  static constexpr int kMostObjects = 1 << 24;
  static constexpr int kLargestObject = 1 << 16;

  /// Prepares an object; an error ends the creation of the pool.
  using Prepare = int (*)(void* object, void* context);

  ObjPool() = default;
  ObjPool(const ObjPool&) = delete;
  ObjPool& operator=(const ObjPool&) = delete;

  /// A pool of so many objects, all of them free. Nobody else uses it yet. `source` is not owned.
  ///  -EINVAL   no objects or too many, or objects too small or too large
  ///  -ENOMEM   no memory
  ///  otherwise what `prepare` returned, if not 0
  [[nodiscard]] int init(int count, int size, Source& source, Prepare prepare = nullptr,
                         void* context = nullptr) {
    ANYCTX_CHECK(rings_[0] == nullptr);
    if (count <= 0 || count > kMostObjects || size <= 0 || size > kLargestObject) return -EINVAL;
    source_ = &source;
    count_ = static_cast<std::uint32_t>(count);
    size_ = (static_cast<std::size_t>(size) + 7) / 8 * 8;
    // Objects move between rings, so that any of them may have to hold all.
    mask_ = 1;
    while (mask_ < count_) mask_ *= 2;
    mask_ -= 1;
    int result = 0;
    for (unsigned cpu = 0; cpu < M::cpus() && result == 0; ++cpu) {
      result = init_ring(cpu, prepare, context);
    }
    if (result != 0) {
      release();
      return result;
    }
    refs_.init(count_ + std::uint64_t{1});
    return 0;
  }

  /// The object was popped from this pool. Always returns 0, but for a misuse that shows: there
  /// are more objects than the pool has.
  int push(void* object) {
    const machine::IrqState irqs = M::irq_save();  // so that pushes of a CPU nest
    Ring& ring = *rings_[M::cpu()];
    const int result = may_take(ring) ? 0 : -EINVAL;
    if (result == 0) {
      append(ring, object);
    } else {
      M::bug(machine::Bug::double_free, object);
    }
    M::irq_restore(irqs);
    return result;
  }

  /// Null only if each ring was empty at some moment since the call; what pushes have not finished
  /// is not in a ring.
  [[nodiscard]] void* pop() {
    const unsigned own = M::cpu();
    for (unsigned i = 0; i < M::cpus(); ++i) {
      void* const object = take_first(*rings_[(own + i) % M::cpus()]);
      if (object != nullptr) return object;
    }
    return nullptr;
  }

  /// Gives up the pool, and all objects that are in it. Nobody else pushes or pops any more: who
  /// has an object drops it. The memory goes with the last one. Where the source may be used.
  void fini() {
    std::uint32_t dropped = 1;
    while (pop() != nullptr) ++dropped;
    static_cast<void>(drop_refs(dropped));
  }
  /// Gives up an object that was popped before fini(). 0 if it was the last one, and the pool is
  /// gone; -EAGAIN if others remain; -EINVAL for null. Where the source may be used.
  int drop(void* object) {
    if (object == nullptr) return -EINVAL;
    return drop_refs(1);
  }

  // For oracles: no decision points.

  struct RingState {
    std::uint64_t head = 0;
    std::uint64_t last = 0;
    std::uint64_t tail = 0;
  };
  RingState ring_state(unsigned cpu) const {
    const Ring* const ring = rings_[cpu];
    if (ring == nullptr) return {};
    return {ring->head.peek(), ring->last.peek(), ring->tail.peek()};
  }
  void* entry(unsigned cpu, std::uint64_t place) const {
    return rings_[cpu]->entries()[place & mask_].peek();
  }

 private:
  using Entry = machine::Atomic<M, void*, site::objpool_entry>;

  /// head <= last <= tail. Places are counted, so that none ever comes again.
  struct alignas(64) Ring {
    machine::Atomic<M, std::uint64_t, site::objpool_head> head;   // first place that is not taken
    machine::Atomic<M, std::uint64_t, site::objpool_last> last;   // first that is not published
    machine::Atomic<M, std::uint64_t, site::objpool_tail> tail;   // first that is not claimed
    machine::Atomic<M, std::uint32_t, site::objpool_tail> depth;  // of nested pushes: own CPU only

    Entry* entries() { return reinterpret_cast<Entry*>(this + 1); }
    const Entry* entries() const { return reinterpret_cast<const Entry*>(this + 1); }
  };

  /// The first CPUs get one more if there is a remainder.
  std::uint32_t share_of(unsigned cpu) const {
    return count_ / M::cpus() + (cpu < count_ % M::cpus() ? 1 : 0);
  }

  /// One piece of memory: ring, entries, this CPU's share of the objects.
  int init_ring(unsigned cpu, Prepare prepare, void* context) {
    const std::uint32_t share = share_of(cpu);
    const std::size_t capacity = std::size_t{mask_} + 1;
    const std::size_t bytes = sizeof(Ring) + capacity * sizeof(Entry) + share * size_;
    void* const memory = M::fails(site::objpool_memory, false) ? nullptr : source_->allocate(bytes);
    if (memory == nullptr) return -ENOMEM;
    Ring* const ring = ::new (memory) Ring;
    rings_[cpu] = ring;
    for (std::size_t i = 0; i < capacity; ++i) ::new (ring->entries() + i) Entry;
    auto* object = reinterpret_cast<std::byte*>(ring->entries() + capacity);
    for (std::uint32_t i = 0; i < share; ++i, object += size_) {
      const int result = prepare != nullptr ? prepare(object, context) : 0;
      if (result != 0) return result;
      ring->entries()[i].init(object);
    }
    ring->last.init(share);
    ring->tail.init(share);
    return 0;
  }

  /// False only if there are more objects in the ring than there are. The head is younger than the
  /// tail here, and may be beyond it.
  bool may_take(const Ring& ring) const {
    const std::uint64_t tail = ring.tail.load(std::memory_order_relaxed);
    const std::uint64_t head = ring.head.load(std::memory_order_relaxed);
    return head > tail || tail - head < count_;
  }

  // A place that was claimed is free: as many objects as there are places are elsewhere, or in
  // front of it. Pushes that nest in this one claim places behind it and are done when they return.
  void append(Ring& ring, void* object) {
    const std::uint32_t outer = ring.depth.load(std::memory_order_relaxed);
    ring.depth.store(outer + 1, std::memory_order_relaxed);
    const std::uint64_t place = ring.tail.fetch_add(1, std::memory_order_acq_rel);
    ring.entries()[place & mask_].store(object, std::memory_order_relaxed);
    if (outer == 0) return publish(ring);
    ring.depth.store(outer, std::memory_order_release);
  }

  // Who nests before the depth is 0 again relies on this to look once more. What is in objects that
  // nested pushes brought came before they moved the tail.
  void publish(Ring& ring) {
    for (;;) {
      const std::uint64_t written = ring.tail.load(std::memory_order_acquire);
      ring.last.store(written, std::memory_order_release);
      ring.depth.store(0, std::memory_order_release);
      // Reads what is there, and is not done earlier.
      if (ring.tail.fetch_add(0, std::memory_order_acq_rel) == written) return;
      ring.depth.store(1, std::memory_order_relaxed);
    }
  }

  // The head comes first: then `last` is at least as young, and not before it. Whoever moved the
  // head saw what it moved it over. An entry that is read in vain may be anything.
  void* take_first(Ring& ring) {
    std::uint64_t head = ring.head.load(std::memory_order_acquire);
    for (;;) {
      const std::uint64_t last = ring.last.load(std::memory_order_acquire);
      if (head >= last) return nullptr;
      void* const object = ring.entries()[head & mask_].load(std::memory_order_relaxed);
      if (ring.head.cas(head, head + 1)) return object;
    }
  }

  int drop_refs(std::uint64_t count) {
    const std::uint64_t before = refs_.fetch_add(~count + 1, std::memory_order_acq_rel);
    if (before != count) return -EAGAIN;
    release();
    return 0;
  }

  void release() {
    for (Ring*& ring : rings_) {
      if (ring != nullptr) source_->release(ring);
      ring = nullptr;
    }
  }

  Ring* rings_[M::kMaxCpus] = {};
  Source* source_ = nullptr;
  std::uint32_t count_ = 0;
  std::uint32_t mask_ = 0;
  std::size_t size_ = 0;
  machine::Atomic<M, std::uint64_t, site::objpool_refs> refs_;
};

}  // namespace anyctx::bpf
