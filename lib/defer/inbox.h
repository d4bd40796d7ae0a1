// Inbox: what any context puts in, a worker takes out.
// Source: Linux 7.3 (llist + irq_work + work, as in kernel/bpf/arena.c and mm/slub.c).
#pragma once

#include <memory>

#include "lib/defer/irq_work.h"
#include "lib/defer/llist.h"
#include "lib/defer/workqueue.h"
#include "lib/machine/percpu.h"

namespace anyctx::defer {

/// One lock-free list per CPU. Only the push that finds its list empty sees to a run of the worker;
/// whoever interrupts it before it has done so relies on it. The worker takes all lists at once and
/// does not depend on that: who cannot wait schedules the work himself.
template <machine::Machine M, machine::Site S>
class Inbox {
 public:
  using List = Llist<M, S>;

  /// Several may share a work. Single-threaded.
  void init(Work<M>& work) {
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      std::construct_at(&boxes_.of(cpu))
          ->bell.init([](void* w, unsigned) { static_cast<Work<M>*>(w)->schedule(); }, &work, cpu);
    }
  }

  /// Every context; never waits.
  void push(LlistNode* node) {
    M::preempt_disable();
    Box& box = boxes_.here();
    if (box.list.push(node)) box.bell.queue();
    M::preempt_enable();
  }
  /// A run of the worker that begins after this call. Every context; never waits.
  void ring() {
    M::preempt_disable();
    boxes_.here().bell.queue();
    M::preempt_enable();
  }

  /// Racy by nature, but a push that is not seen leads to a run of the worker.
  bool empty() const {
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      if (!boxes_.of(cpu).list.empty()) return false;
    }
    return true;
  }
  /// Takes everything, as one chain: CPU by CPU, in the order in which it was pushed.
  LlistNode* take_all() {
    LlistNode* chain = nullptr;
    for (unsigned cpu = M::cpus(); cpu-- > 0;) {
      LlistNode* node = boxes_.of(cpu).list.take_all();
      while (node != nullptr) {
        LlistNode* const next = List::next(node);
        M::store_link(site::llist_link, &node->next, chain, std::memory_order_relaxed);
        chain = node;
        node = next;
      }
    }
    return chain;
  }

  /// Does what is due on this CPU, on machines that do not interrupt themselves.
  void poll() {
    if (!M::has_self_interrupt()) boxes_.here().bell.run();
  }

  /// For oracles: not decision points.
  LlistNode* peek(unsigned cpu) const { return boxes_.of(cpu).list.peek(); }

 private:
  struct Box {
    List list;
    IrqWork<M> bell;
  };
  machine::PerCpu<M, Box> boxes_;
};

}  // namespace anyctx::defer
