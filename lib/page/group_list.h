// GroupList: the payers that exist, and how those end that nobody refers to any more.
// Source: Linux 7.3 mm/memcontrol.c (obj_cgroup_release). There, whoever drops the last reference
// takes the lock of the list himself, be it in an NMI.
#pragma once

#include <memory>
#include <utility>

#include "lib/defer/irq_work.h"
#include "lib/page/memcg_pages.h"
#include "lib/page/obj_cgroup.h"
#include "lib/sync/spinlock.h"

namespace anyctx::page {

template <machine::Machine M>
class GroupList {
 public:
  /// Single-threaded.
  void init(MemcgPages<M>& pages, unsigned page_shift) {
    pages_ = &pages;
    page_shift_ = page_shift;
    first_ = nullptr;
    std::construct_at(&lock_);
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      std::construct_at(&deferred_.of(cpu))
          ->work.init([](void* self, unsigned of) { static_cast<GroupList*>(self)->handle(of); },
                      this, cpu);
    }
  }

  /// May spin.
  void add(ObjCgroup<M>& group) {
    const machine::IrqState irqs = lock_.lock_irqsave();
    group.prev_ = nullptr;
    group.next_ = first_;
    if (first_ != nullptr) first_->prev_ = &group;
    first_ = &group;
    lock_.unlock_irqrestore(irqs);
  }

  /// Drops references. With the last ones the group is released: at once by who may spin, otherwise
  /// by this CPU's irq_work. Any context with Spin::never.
  void put(ObjCgroup<M>& group, std::uint32_t references, Spin spin) {
    if (!group.put(references)) return;
    spin == Spin::allowed ? release(group) : defer(group);
  }

  /// Runs what this CPU deferred, on machines that do not interrupt themselves. May spin.
  void poll() {
    if (!M::has_self_interrupt()) deferred_.here().work.run();
  }

  /// For oracles: no handler is queued or running.
  bool peek_idle() const {
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      if (!deferred_.of(cpu).work.idle()) return false;
    }
    return true;
  }

 private:
  struct Deferred {
    defer::Llist<M, site::memcg_released> groups;
    defer::IrqWork<M> work;
  };

  void defer(ObjCgroup<M>& group) {
    M::preempt_disable();
    Deferred& here = deferred_.here();
    if (here.groups.push(&group.released_node_)) here.work.queue();
    M::preempt_enable();
  }

  void handle(unsigned cpu) {
    defer::LlistNode* node = deferred_.of(cpu).groups.take_all();
    while (node != nullptr) {
      auto& group = *reinterpret_cast<ObjCgroup<M>*>(reinterpret_cast<std::byte*>(node) -
                                                     offsetof(ObjCgroup<M>, released_node_));
      node = defer::Llist<M, site::memcg_released>::next(node);
      release(group);
    }
  }

  /// Nothing is charged to the group any more, and no stock has any of its bytes: what it has left
  /// is whole pages.
  void release(ObjCgroup<M>& group) {
    const std::uint32_t bytes = group.take_bytes();
    ANYCTX_CHECK_OP(bytes & ((1u << page_shift_) - 1), ==, 0u);
    if (bytes != 0) pages_->uncharge(group.memcg(), bytes >> page_shift_);
    const machine::IrqState irqs = lock_.lock_irqsave();
    (group.prev_ != nullptr ? group.prev_->next_ : first_) = group.next_;
    if (group.next_ != nullptr) group.next_->prev_ = group.prev_;
    group.released_ = true;
    lock_.unlock_irqrestore(irqs);
  }

  MemcgPages<M>* pages_ = nullptr;
  unsigned page_shift_ = 12;
  sync::SpinLock<M, site::memcg_groups> lock_;
  ObjCgroup<M>* first_ = nullptr;  // groups lock
  machine::PerCpu<M, Deferred> deferred_;
};

}  // namespace anyctx::page
