// Pcp: free pages of one zone that one CPU keeps at hand. Source: Linux 7.3 mm/page_alloc.c.
#pragma once

#include "lib/machine/percpu.h"
#include "lib/page/frame_lock.h"
#include "lib/page/page_list.h"
#include "lib/page/pcp_dynamics.h"
#include "lib/sync/local_lock.h"

namespace anyctx::page {

inline constexpr unsigned kPcpLists = kPcpTypes * kPcpOrders;

constexpr unsigned pcp_list(unsigned order, MigrateType type) {
  return order * kPcpTypes + index(type);
}
constexpr unsigned pcp_list_order(unsigned list) {
  return list / kPcpTypes;
}

/// Everything under the lock. It is only ever tried by the CPU it belongs to; a drain waits for it.
template <machine::Machine M>
struct Pcp {
  using Lock = FrameLock<M, site::pcp_lock, Irqs::masked_on_up>;

  Lock lock;
  int count = 0;  // pages on all lists
  PcpDynamics dynamics;
  PageList<M> lists[kPcpLists];

  void reset(PcpLimits limits) {
    lock.reset();
    count = 0;
    dynamics.reset(limits);
    for (PageList<M>& list : lists) list = {};
  }

  void push(Page<M>* page, unsigned order, MigrateType type) {
    page->kind = PageKind::pcp;
    page->order = static_cast<std::uint8_t>(order);
    page->list_type = type;
    lists[pcp_list(order, type)].push_front(page);
    count += 1 << order;
  }
  /// Blocks from the buddy lists are queued behind, so that they are handed out in their order.
  void push_refill(Page<M>* page, unsigned order, MigrateType type) {
    page->kind = PageKind::pcp;
    page->order = static_cast<std::uint8_t>(order);
    page->list_type = type;
    lists[pcp_list(order, type)].push_back(page);
    count += 1 << order;
  }
  Page<M>* pop(unsigned order, MigrateType type) {
    PageList<M>& list = lists[pcp_list(order, type)];
    Page<M>* page = list.first();
    if (page == nullptr) return nullptr;
    list.remove(page);
    count -= 1 << order;
    return page;
  }
  /// The block that was not used for longest.
  Page<M>* pop_coldest(unsigned list) {
    Page<M>* page = lists[list].last();
    lists[list].remove(page);
    count -= 1 << pcp_list_order(list);
    return page;
  }
};

/// A section of the lists of this CPU: entered without waiting, or not at all. Preemption (RT:
/// migration) is off inside; interrupts stay on, so irq handlers and NMIs find the lock taken.
template <machine::Machine M>
class PcpSection {
 public:
  using PerCpuLists = machine::PerCpu<M, Pcp<M>>;

  explicit PcpSection(PerCpuLists& lists) : lists_(lists) { enter(); }
  PcpSection(const PcpSection&) = delete;
  PcpSection& operator=(const PcpSection&) = delete;
  ~PcpSection() { leave(); }

  explicit operator bool() const { return pcp_ != nullptr; }
  Pcp<M>& operator*() const { return *pcp_; }
  Pcp<M>* operator->() const { return pcp_; }

  /// Lets others at the lists for a moment. False if they could not be re-entered, or if the task
  /// found itself on another CPU meanwhile.
  bool pause() {
    const Pcp<M>* before = pcp_;
    leave();
    enter();
    return pcp_ == before;
  }

 private:
  void enter() {
    sync::pin_cpu<M>();
    Pcp<M>& here = lists_.here();
    if (here.lock.try_lock(state_)) {
      pcp_ = &here;
    } else {
      sync::unpin_cpu<M>();
    }
  }
  void leave() {
    if (pcp_ == nullptr) return;
    pcp_->lock.unlock(state_);
    pcp_ = nullptr;
    sync::unpin_cpu<M>();
  }

  PerCpuLists& lists_;
  Pcp<M>* pcp_ = nullptr;
  machine::IrqState state_ = machine::IrqState::enabled;
};

}  // namespace anyctx::page
