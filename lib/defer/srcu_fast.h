// SrcuFast: readers that may sleep. Its grace periods contain grace periods of RCU.
// Source: Linux 7.3 kernel/rcu/srcutree.c (srcu_read_lock_fast, srcu_readers_active_idx_check).
//
// In the kernel readers have no barriers: the RCU grace period between the two sums is theirs. In a
// library an RCU grace period orders nothing for who is no RCU reader, so here readers count with
// full barriers. (On x86 the count costs the same.) It stays between the sums because users rely on
// what it implies: who waited for SRCU-fast has waited for RCU.
#pragma once

#include "lib/defer/rcu.h"

namespace anyctx::defer {

template <machine::Machine M>
class SrcuFastDrain {
 public:
  using Resume = void (*)(void* owner);

  void init(Rcu<M>& rcu, Resume resume, void* owner) {
    readers_.init();
    rcu_ = &rcu;
    resume_ = resume;
    owner_ = owner;
    std::construct_at(&step_)->drain = this;
  }
  ReaderCounts<M>& readers() { return readers_; }

  void poll() { rcu_->poll(); }
  void begin() {
    turned_ = false;
    stage_ = Stage::sum;
  }
  bool advance() {
    for (;;) {
      if (stage_ == Stage::sum) {
        left_ = readers_.sum_left(readers_.other());
        step_.is_over.store(0, std::memory_order_relaxed);
        stage_ = Stage::wait;
        rcu_->call(&step_.head, [](RcuHead<M>* head) { reinterpret_cast<Step*>(head)->end(); });
      }
      if (step_.is_over.load() == 0) return false;
      if (readers_.sum_entered(readers_.other()) == left_) {
        if (turned_) return true;
        readers_.turn();
        turned_ = true;
      } else if (!readers_.is_empty_or_wait(readers_.other())) {
        return false;
      }
      stage_ = Stage::sum;
    }
  }

 private:
  enum class Stage : std::uint8_t { sum, wait };
  struct Step {
    RcuHead<M> head;  // first: its address is handed back
    machine::Atomic<M, std::uint32_t, site::grace_waiting> is_over;
    SrcuFastDrain* drain = nullptr;

    void end() {
      is_over.store(1);
      drain->resume_(drain->owner_);
    }
  };

  ReaderCounts<M> readers_;
  Rcu<M>* rcu_ = nullptr;
  Resume resume_ = nullptr;
  void* owner_ = nullptr;
  Step step_;
  std::uint64_t left_ = 0;
  Stage stage_ = Stage::sum;
  bool turned_ = false;
};

/// As Rcu, for readers that may sleep and be preempted. A grace period contains at least two of
/// RCU: memory that both kinds of readers reach waits for this one only.
template <machine::Machine M>
class SrcuFast : public GracePeriods<M, SrcuFastDrain<M>> {
 public:
  /// Single-threaded. `rcu` was just initialised.
  void init(Rcu<M>& rcu) {
    GracePeriods<M, SrcuFastDrain<M>>::init();
    this->drain_.init(
        rcu, [](void* self) { static_cast<SrcuFast*>(self)->resume(); }, this);
  }
};

}  // namespace anyctx::defer
