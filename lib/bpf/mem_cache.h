// MemCache: what one CPU has of the objects of one size, for code in every context.
// Source: Linux 7.3 kernel/bpf/memalloc.c (struct bpf_mem_cache).
//
// Objects flow
//
//   slab -> free list <-> user            at once: whoever still looks finds an object of this size
//   user -> by_rcu -> in_rcu -> before_trace    after a grace period of RCU
//   free list -> before_trace                   of which there are too many
//   before_trace -> in_trace -> slab            after a grace period of Tasks Trace
//
// and back to the free list from before_trace and in_trace, when it runs low. So an object freed
// with free_rcu() is nobody's for one grace period of RCU, and its memory is an object of this size
// until one of Tasks Trace is over.
//
// What interrupts the cache itself does without: allocation fails, frees go to the extra lists.
#pragma once

#include "lib/bpf/mem_shape.h"
#include "lib/bpf/mem_trace_stage.h"
#include "lib/defer/irq_work.h"

namespace anyctx::bpf {

/// Functions are for this CPU with interrupts off, unless they say otherwise. An object is passed
/// as its header.
template <machine::Machine M>
class alignas(64) MemCache {
 public:
  using Node = defer::LlistNode;
  using Env = MemCacheEnv<M>;

  /// Single-threaded. `env` outlives it.
  MemCache(const Env& env, const MemShape& shape, unsigned index, unsigned cpu)
      : env_(&env), shape_(shape), index_(index), trace_(env) {
    target_.init(this);
    refill_.init([](void* self, unsigned) { static_cast<MemCache*>(self)->work(); }, this, cpu);
    rcu_.cache = this;
  }
  MemCache(const MemCache&) = delete;
  MemCache& operator=(const MemCache&) = delete;

  /// Null: no object is at hand, or an interrupted frame is inside. Never waits.
  Node* take();
  /// `home` is the cache that handed it out. Never waits.
  void give(Node* node, MemCache* home);
  void give_rcu(Node* node, MemCache* home);

  /// Which of the allocator's sizes this is. Every context.
  unsigned index() const { return index_; }

  /// In a task that may sleep; nobody takes or gives meanwhile.
  void prefill() { add(shape_.prefill, page::gfp::kernel); }

  // Destruction, in this order, each for all caches of an allocator. Preemptible tasks; nobody uses
  // them any more.

  /// From here on nothing begins to wait for a grace period, and no refill comes.
  void stop() {
    trace_.stop();
    refill_.sync();
  }
  /// Frees what is in the lists. Callbacks in flight have taken theirs out, and free it.
  void drain();
  /// Whether an RCU callback is still to come. Once none is, of any cache, is_tracing() is exact.
  bool is_in_rcu() const { return in_flight_.load() != 0; }
  bool is_tracing() const { return trace_.is_busy(); }

  /// Does what is due on this CPU, on machines that do not interrupt themselves.
  void poll() {
    if (!M::has_self_interrupt()) refill_.run();
  }

  // For oracles: no decision points.

  enum class Place : std::uint8_t {
    free,
    extra,
    extra_rcu,
    by_rcu,
    in_rcu,
    before_trace,
    in_trace
  };
  const MemShape& shape() const { return shape_; }
  std::uint32_t peek_count() const { return count_.peek(); }
  bool peek_busy() const { return active_.peek() != 0; }
  bool peek_asks() const { return !refill_.idle(); }
  bool peek_idle() const { return refill_.idle() && in_flight_.peek() == 0 && trace_.peek_idle(); }
  /// Calls `f(place, header)` for each object in the lists.
  template <class F>
  void peek_each(F f) const;

 private:
  using List = defer::Llist<M, site::mem_extra>;
  using Waiting = defer::Llist<M, site::mem_waiting>;
  struct RcuStep {
    defer::RcuHead<M> head;  // first: its address is handed back
    MemCache* cache = nullptr;
  };

  /// Whether a frame is inside. Nesting on a CPU is strictly LIFO.
  class Section {
   public:
    explicit Section(MemCache& cache) : cache_(cache) {
      is_alone_ = cache.active_.fetch_add(1, std::memory_order_acquire) == 0;
    }
    ~Section() { cache_.active_.fetch_add(~std::uint32_t{0}, std::memory_order_release); }
    Section(const Section&) = delete;
    Section& operator=(const Section&) = delete;
    /// Not if what was interrupted is inside as well.
    [[nodiscard]] bool may_touch() const { return !M::fails(site::mem_busy, !is_alone_); }
    /// For code that interrupts nobody who could be inside.
    void must_be_alone() const { ANYCTX_CHECK(is_alone_); }

   private:
    MemCache& cache_;
    bool is_alone_;
  };

  static Node* next_of(const Node* node) {
    return static_cast<Node*>(
        M::load_link(defer::site::llist_link, &node->next, std::memory_order_relaxed));
  }
  static void link(Node* node, Node* next) {
    M::store_link(defer::site::llist_link, &node->next, next, std::memory_order_relaxed);
  }

  std::uint32_t push(Node* node);
  Node* pop(std::uint32_t& left);

  // The irq_work.
  void work();
  void add(std::uint32_t wanted, page::Gfp gfp);
  void trim();
  void begin_rcu();
  void end_rcu();

  const Env* env_;
  MemShape shape_;
  unsigned index_;
  machine::Atomic<M, std::uint32_t, site::mem_active> active_;
  machine::Atomic<M, std::uint32_t, site::mem_count> count_;  // of free_
  machine::Atomic<M, MemCache*, site::mem_target> target_;  // a hint: who lacks what is freed here
  Node* free_ = nullptr;                                    // section
  Node* by_rcu_ = nullptr;                                  // section
  List extra_;
  List extra_rcu_;
  Waiting in_rcu_;
  machine::Atomic<M, std::uint32_t, site::mem_state> in_flight_;
  MemTraceStage<M> trace_;
  defer::IrqWork<M> refill_;
  RcuStep rcu_;
};

}  // namespace anyctx::bpf

#include "lib/bpf/mem_cache_flow.h"
