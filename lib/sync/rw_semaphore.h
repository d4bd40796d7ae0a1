// RwSemaphore: a sleeping lock for many readers or one writer.
// Source: Linux 7.3 kernel/locking/rwsem.c: who excludes whom, and that a writer who waits keeps
// new readers out. Limits: waiting is active, and writers are not served in order.
#pragma once

#include "lib/machine/atomic.h"

namespace anyctx::sync {

/// For preemptible tasks. A task must not take it twice, not even for reading: a writer who came
/// between would wait for the first, and the second for the writer. `Wait` is where it waits.
template <machine::Machine M, machine::Site S, machine::Site Wait>
class RwSemaphore {
 public:
  void read_lock() {
    announce();
    std::uint32_t found = state_.load();
    for (;;) {
      if ((found & (kWriter | kWriterWaits)) == 0) {
        if (state_.cas(found, found + kReader)) return;
      } else {
        M::relax(Wait);
        found = state_.load();
      }
    }
  }
  void read_unlock() {
    M::drops_lock(S, this);
    state_.fetch_add(~kReader + 1, std::memory_order_release);
  }

  void write_lock() {
    announce();
    std::uint32_t found = state_.load();
    for (;;) {
      if ((found & ~kWriterWaits) == 0) {
        if (state_.cas(found, kWriter)) return;
      } else if ((found & kWriterWaits) == 0) {
        static_cast<void>(state_.cas(found, found | kWriterWaits));
      } else {
        M::relax(Wait);
        found = state_.load();
      }
    }
  }
  void write_unlock() {
    M::drops_lock(S, this);
    state_.fetch_and(~kWriter, std::memory_order_release);
  }

  /// By whomever.
  bool is_held() const { return (state_.load(std::memory_order_relaxed) & ~kWriterWaits) != 0; }

  /// For oracles.
  bool peek_held() const { return (state_.peek() & ~kWriterWaits) != 0; }
  bool peek_written() const { return (state_.peek() & kWriter) != 0; }
  void init() { state_.init(0); }

 private:
  static constexpr std::uint32_t kWriter = 1;
  static constexpr std::uint32_t kWriterWaits = 2;  // set again by the next one, if several wait
  static constexpr std::uint32_t kReader = 4;

  void announce() {
    M::might_sleep(Wait);
    M::takes_lock(S, this);
  }

  machine::Atomic<M, std::uint32_t, S> state_;
};

}  // namespace anyctx::sync
