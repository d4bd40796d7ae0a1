// GracePeriods: numbers grace periods, and does what waits for them.
// Source: Linux 7.3 kernel/rcu/tree.c (call_rcu, rcu_barrier, get_state_synchronize_rcu).
//
// Differs from the kernel in how callbacks are taken over. There, call_rcu() changes a segmented
// list with interrupts masked, so it cannot be called by whoever interrupts that. Here it pushes
// onto a lock-free list, and is legal everywhere.
#pragma once

#include "lib/defer/inbox.h"
#include "lib/defer/rcu_head.h"

namespace anyctx::defer {

/// `Drain` counts readers() and waits for them: begin(), then advance() until it is true. An
/// advance() that is false is followed by a call of resume(). Calls of both never overlap.
///
/// One grace period is in progress at a time. It serves what was handed in before it began.
template <machine::Machine M, class Drain>
class GracePeriods {
 public:
  using Head = RcuHead<M>;
  using Function = typename Head::Function;
  /// What a moment is remembered by: the number of the first grace period that begins after it.
  using Cookie = std::uint64_t;
  using Release = void (*)(void* owner, LlistNode* node);
  /// Which readers to leave. Of one frame, in LIFO order; a task may leave on another CPU.
  using Token = unsigned;

  /// Single-threaded.
  void init() {
    std::construct_at(&work_)->init([](void* self) { static_cast<GracePeriods*>(self)->run(); },
                                    this);
    callbacks_.init(work_);
    releases_.init(work_);
    batch_ = {};
    requested_.init(0);
    taken_.init(0);
    begun_.init(0);
    over_.init(0);
    done_.init(0);
    in_progress_ = false;
  }
  /// Where what was passed to release_later() goes.
  void set_release(Release release, void* owner) {
    release_ = release;
    release_owner_ = owner;
  }

  // Every context; never waits.

  /// Readers nest. They must not wait for a grace period of this.
  Token read_lock() { return drain_.readers().enter(); }
  void read_unlock(Token token) {
    if (drain_.readers().leave(token)) [[unlikely]]
      callbacks_.ring();
  }

  /// Calls function(head) once, in a worker, after a grace period that begins from now on. It may
  /// spin, but must not sleep. A head that waits already is reported, and not queued again.
  void call(Head* head, Function function) {
    Function found = nullptr;
    while (!head->function.cas(found, function)) {
      if (found != nullptr) return M::bug(machine::Bug::double_free, head);
    }
    callbacks_.push(&head->node);
  }
  /// The same for memory that has one word to spare: passes the node to the owner of memory.
  void release_later(LlistNode* node) { releases_.push(node); }
  Cookie snapshot() const { return begun_.load(std::memory_order_seq_cst) + 1; }
  /// Whether a whole grace period has passed since the snapshot.
  bool is_over(Cookie cookie) const { return over_.load(std::memory_order_seq_cst) >= cookie; }
  /// A grace period shall begin even if nothing waits for it.
  Cookie request() {
    const Cookie cookie = ask_for(snapshot());
    callbacks_.ring();
    return cookie;
  }

  // Preemptible tasks that are not readers.

  /// Returns after a whole grace period.
  void synchronize() {
    M::might_sleep(site::grace_wait);
    const Cookie cookie = ask_for(snapshot());
    work_.schedule();
    while (!is_over(cookie)) turn();
  }
  /// Returns when everything handed in before is done, and so after a whole grace period.
  void barrier() {
    M::might_sleep(site::grace_wait);
    const Cookie cookie = ask_for(taken_.load(std::memory_order_seq_cst) + 1);
    work_.schedule();
    while (done_.load() < cookie) turn();
  }
  /// Does what is due, on machines without interrupts of their own or without workers. May call
  /// functions and free memory.
  void poll() {
    if (M::has_workers()) return;
    releases_.poll();
    callbacks_.poll();
    drain_.poll();
    work_.run();
  }

  /// Goes on with the grace period in progress. Not in an NMI, not in a nolock operation.
  void resume() { work_.schedule(); }

  /// For oracles: not decision points.
  bool peek_idle() const {
    if (in_progress_ || batch_.any()) return false;
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      if (callbacks_.peek(cpu) != nullptr || releases_.peek(cpu) != nullptr) return false;
    }
    return true;
  }

 protected:
  Drain drain_;

 private:
  struct Batch {
    LlistNode* callbacks = nullptr;
    LlistNode* releases = nullptr;
    bool any() const { return callbacks != nullptr || releases != nullptr; }
  };
  using Number = machine::Atomic<M, std::uint64_t, site::grace_number>;

  Cookie ask_for(Cookie cookie) {
    std::uint64_t found = requested_.load(std::memory_order_relaxed);
    while (found < cookie && !requested_.cas(found, cookie)) {
    }
    return cookie;
  }

  /// One turn of a loop that waits for the worker. Where there is none, does its work.
  void turn() {
    if (!M::has_workers()) {
      work_.schedule();
      poll();
    }
    M::relax(site::grace_wait);
  }

  /// The worker.
  void run() {
    while (in_progress_ || begin()) {
      M::probe(site::grace_stage);
      if (!drain_.advance()) return;
      in_progress_ = false;
      const Cookie number = begun_.load(std::memory_order_relaxed);
      over_.store(number, std::memory_order_seq_cst);
      finish();
      done_.store(number);
    }
  }

  bool begin() {
    const Cookie last = begun_.load(std::memory_order_relaxed);
    if (requested_.load() <= last && callbacks_.empty() && releases_.empty()) return false;
    // Who still sees the last number handed in before this takes, or looks before this begins.
    taken_.store(last + 1, std::memory_order_seq_cst);
    batch_ = {callbacks_.take_all(), releases_.take_all()};
    begun_.store(last + 1, std::memory_order_seq_cst);
    drain_.begin();
    in_progress_ = true;
    return true;
  }

  void finish() {
    const Batch batch = batch_;
    batch_ = {};
    for_each(batch.callbacks, [](LlistNode* node) {
      Head* const head = reinterpret_cast<Head*>(node);
      const Function function = head->function.load();
      head->function.store(nullptr);
      function(head);
    });
    for_each(batch.releases, [this](LlistNode* node) { release_(release_owner_, node); });
  }
  /// Looks at a node for the last time before it is done.
  template <class Do>
  static void for_each(LlistNode* node, Do done) {
    while (node != nullptr) {
      LlistNode* const next = Inbox<M, site::grace_callbacks>::List::next(node);
      M::probe(site::callback_limbo);
      done(node);
      node = next;
    }
  }

  Work<M> work_;
  Inbox<M, site::grace_callbacks> callbacks_;
  Inbox<M, site::grace_releases> releases_;
  Number requested_;
  Number taken_;  // what waits for it was taken from the inboxes
  Number begun_;
  Number over_;               // readers are gone
  Number done_;               // and what waited for that is done
  Batch batch_;               // worker
  bool in_progress_ = false;  // worker
  Release release_ = nullptr;
  void* release_owner_ = nullptr;
};

}  // namespace anyctx::defer
