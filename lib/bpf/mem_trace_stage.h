// MemTraceStage: where objects of a MemCache wait for a grace period of Tasks Trace before they go
// back to the slab allocator, or for being used again before that.
// Source: Linux 7.3 kernel/bpf/memalloc.c (do_call_rcu_ttrace, __free_rcu, alloc_bulk).
//
// At most one grace period is waited for. The state says whether more was queued since it began:
// without that, objects would stay until somebody frees again.
//
//   idle -> queued       a round begins: the first who queues
//   queued -> more       who queues later; the round that ends begins another one
//   queued -> idle       the round ends
#pragma once

#include "lib/bpf/sites.h"
#include "lib/defer/tasks_trace.h"
#include "lib/slab/slab_allocator.h"
#include "lib/sync/spinlock.h"

namespace anyctx::bpf {

/// What is done to an object before its memory is given up: not when it is freed, for who found it
/// before can still use it. Called in every context that frees, with no lock; must not wait.
struct MemDestructor {
  void (*function)(void* object, void* context) = nullptr;
  void (*free_context)(void* context) = nullptr;  // once, after the last object
  void* context = nullptr;
};

/// What the caches of an allocator are made of. Not owned.
template <machine::Machine M>
struct MemCacheEnv {
  slab::SlabAllocator<M>* slabs = nullptr;
  defer::Grace<M>* grace = nullptr;
  MemDestructor destructor;

  /// Gives up the memory of an object that nobody can reach. Not in an NMI.
  void free(defer::LlistNode* node) const {
    if (destructor.function != nullptr) destructor.function(node + 1, destructor.context);
    slabs->kfree(node);
  }
  /// The same for a chain.
  void free_all(defer::LlistNode* node) const {
    while (node != nullptr) {
      defer::LlistNode* const next = defer::Llist<M, site::mem_waiting>::next(node);
      free(node);
      M::probe(site::mem_step);
      node = next;
    }
  }
};

template <machine::Machine M>
class MemTraceStage {
 public:
  using Node = defer::LlistNode;

  explicit MemTraceStage(const MemCacheEnv<M>& env) : env_(&env) { step_.stage = this; }

  /// Every context. Whoever queued sees to it with kick(), which is not for NMIs.
  void queue(Node* node) { before_.push(node); }
  void kick() {
    if (state_.exchange(kMore) == kIdle) return begin();
    // Whoever runs the round may have looked for more already.
    if (draining_.load(std::memory_order_seq_cst) != 0) env_->free_all(take(before_));
  }
  /// An object that waits, to be used again; null if there is none. Not in an NMI.
  Node* take_back() {
    Locked locked(lock_);
    Node* const node = before_.take_first();
    return node != nullptr ? node : waiting_.take_first();
  }

  // Destruction.

  /// What is queued from now on is freed at once.
  void stop() { draining_.store(1, std::memory_order_seq_cst); }
  void drain() {
    env_->free_all(take(before_));
    env_->free_all(take(waiting_));
  }
  /// Whether a callback is still to come.
  bool is_busy() const { return state_.load() != kIdle; }

  // For oracles: no decision points.
  bool peek_idle() const { return state_.peek() == kIdle; }
  const Node* peek_before() const { return before_.peek(); }
  const Node* peek_waiting() const { return waiting_.peek(); }

 private:
  using List = defer::Llist<M, site::mem_waiting>;
  using Lock = sync::RawSpinLock<M, site::mem_trace_lock>;
  static constexpr std::uint32_t kIdle = 0;
  static constexpr std::uint32_t kQueued = 1;
  static constexpr std::uint32_t kMore = 2;

  struct Step {
    defer::RcuHead<M> head;  // first: its address is handed back
    MemTraceStage* stage = nullptr;
  };
  struct Locked {
    explicit Locked(Lock& l) : lock(l), state(l.lock_irqsave()) {}
    ~Locked() { lock.unlock_irqrestore(state); }
    Locked(const Locked&) = delete;
    Locked& operator=(const Locked&) = delete;
    Lock& lock;
    machine::IrqState state;
  };

  Node* take(List& list) {
    Locked locked(lock_);
    return list.take_all();
  }

  /// The caller has the round.
  void begin() {
    do {
      // Before it looks: what is queued later says so again.
      state_.store(kQueued, std::memory_order_seq_cst);
      move();
      if (draining_.load(std::memory_order_seq_cst) == 0) {
        return env_->grace->srcu.call(&step_.head, [](defer::RcuHead<M>* head) {
          MemTraceStage* const stage = reinterpret_cast<Step*>(head)->stage;
          if (!stage->end()) stage->begin();
        });
      }
    } while (!end());
  }
  void move() {
    Locked locked(lock_);
    for (Node* node = before_.take_all(); node != nullptr;) {
      Node* const next = List::next(node);
      waiting_.push(node);
      node = next;
    }
  }
  /// True if that was the last round: the stage is not touched again. False: more came.
  bool end() {
    env_->free_all(take(waiting_));
    std::uint32_t found = kQueued;
    while (found == kQueued) {
      if (state_.cas(found, kIdle)) return true;
    }
    return false;
  }

  const MemCacheEnv<M>* env_;
  Lock lock_;  // of those who take out
  List before_;
  List waiting_;
  machine::Atomic<M, std::uint32_t, site::mem_state> state_;
  machine::Atomic<M, std::uint32_t, site::mem_draining> draining_;
  Step step_;
};

}  // namespace anyctx::bpf
