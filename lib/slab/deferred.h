// Deferred: what nolock operations could not finish, per CPU: freed objects and displaced slabs.
// Source: Linux 6.18 mm/slub.c (defer_free, defer_deactivate_slab, deferred_work_barrier).
#pragma once

#include <memory>
#include <span>

#include "lib/defer/irq_work.h"
#include "lib/slab/slab_source.h"

namespace anyctx::slab {

/// One bit per possible start of an object: set while the object waits to become free. An array
/// of deferred_words() elements, passed by the owner of the memory.
template <machine::Machine M>
using DeferredWord = machine::Atomic<M, std::uint64_t, site::deferred_map>;

constexpr std::size_t deferred_words(std::size_t page_count, unsigned page_shift) {
  return page_count << page_shift >> 9;  // 64 bits of 8 bytes each
}

/// Pushing is legal in every context and never waits. What is pushed is processed in one run of
/// this CPU's irq_work, in hard interrupt context (RT: in a thread), or by the barrier.
template <machine::Machine M>
class Deferred {
 public:
  /// `handle(owner, cpu)` processes a CPU's lists. Single-threaded.
  void init(const SlabSource<M>& source, std::span<DeferredWord<M>> words,
            typename defer::IrqWork<M>::Function handle, void* owner) {
    const page::PageMap<M>& map = source.pages().map();
    ANYCTX_CHECK_OP(words.size(), >=, deferred_words(map.count(), map.shift()));
    source_ = &source;
    words_ = words;
    handle_ = handle;
    owner_ = owner;
    for (DeferredWord<M>& word : words) word.init(0);
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      std::construct_at(&lists_.of(cpu))->work.init(handle, owner, cpu);
    }
    std::construct_at(&barrier_mutex_);
  }

  /// Notes that an object was freed and is not free yet. False: that was noted before. Until
  /// forget(), freeing it is a double free. Any context.
  bool mark(const void* object) {
    const Bit bit = bit_of(object);
    return (words_[bit.word].fetch_or(bit.mask) & bit.mask) == 0;
  }

  /// Takes over an object that its user freed. `link` is the word in it that may be overwritten.
  /// False: it is here already.
  bool push_object(const void* object, void* link) {
    if (!mark(object)) return false;
    M::preempt_disable();
    Lists& lists = lists_.here();
    if (lists.objects.push(static_cast<defer::LlistNode*>(link))) lists.work.queue();
    M::preempt_enable();
    return true;
  }

  /// Takes over a slab that was a CPU's, with what was left of that CPU's freelist.
  void push_slab(Slab<M>& slab, void* freelist) {
    slab.detached = freelist;
    M::preempt_disable();
    Lists& lists = lists_.here();
    if (lists.slabs.push(&slab.deferred)) lists.work.queue();
    M::preempt_enable();
  }

  /// Whether an object was freed and is not free yet. Any context.
  bool contains(const void* object) const {
    const Bit bit = bit_of(object);
    return (words_[bit.word].load(std::memory_order_relaxed) & bit.mask) != 0;
  }
  bool peek_contains(const void* object) const {
    const Bit bit = bit_of(object);
    return (words_[bit.word].peek() & bit.mask) != 0;
  }
  /// The handler, for each object it took, before it frees it.
  void forget(const void* object) {
    const Bit bit = bit_of(object);
    words_[bit.word].fetch_and(~bit.mask);
  }

  static Slab<M>* slab_of(defer::LlistNode* node) {
    return reinterpret_cast<Slab<M>*>(reinterpret_cast<std::byte*>(node) -
                                      offsetof(Slab<M>, deferred));
  }

  using Objects = defer::Llist<M, site::deferred_objects>;
  using Slabs = defer::Llist<M, site::deferred_slabs>;
  Objects& objects(unsigned cpu) { return lists_.of(cpu).objects; }
  Slabs& slabs(unsigned cpu) { return lists_.of(cpu).slabs; }
  const Objects& objects(unsigned cpu) const { return lists_.of(cpu).objects; }
  const Slabs& slabs(unsigned cpu) const { return lists_.of(cpu).slabs; }
  /// No more objects than this exist.
  std::size_t capacity() const { return words_.size() * 64; }
  /// For oracles: no handler of this CPU is queued or running.
  bool peek_idle(unsigned cpu) const { return lists_.of(cpu).work.idle(); }

  /// Returns when everything that was pushed before the call has been processed, whether or not
  /// its producer came as far as queueing the irq_work. Task context.
  void barrier() {
    // Another barrier may have taken elements off a list and be processing them: wait for it.
    barrier_mutex_.lock();
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      handle_(owner_, cpu);
      lists_.of(cpu).work.sync();  // for a handler that took the elements before we came
    }
    barrier_mutex_.unlock();
  }

  /// Runs this CPU's irq_work if it is queued, on machines that do not interrupt themselves.
  void poll() {
    if (!M::has_self_interrupt()) lists_.here().work.run();
  }

 private:
  struct Lists {
    Objects objects;
    Slabs slabs;
    defer::IrqWork<M> work;
  };
  struct Bit {
    std::size_t word;
    std::uint64_t mask;
  };

  Bit bit_of(const void* object) const {
    const std::size_t index = source_->offset_of(object) / kWord;
    return {index / 64, std::uint64_t{1} << index % 64};
  }

  const SlabSource<M>* source_ = nullptr;
  std::span<DeferredWord<M>> words_;
  typename defer::IrqWork<M>::Function handle_ = nullptr;
  void* owner_ = nullptr;
  machine::PerCpu<M, Lists> lists_;
  sync::Mutex<M, site::barrier_mutex> barrier_mutex_;
};

}  // namespace anyctx::slab
