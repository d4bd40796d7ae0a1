// PercpuFreelist: free elements on a list for each CPU, with a resilient lock each, and an extra
// one. Source: Linux 7.3 kernel/bpf/percpu_freelist.c (shares, order of the search).
//
// Who cannot have a list's lock takes the next list. In the kernel, a push that can have none tries
// again without end. Here the extra list needs no lock to push to: a push takes one round.
#pragma once

#include <optional>

#include "lib/bpf/pool_sites.h"
#include "lib/sync/rqspinlock.h"

namespace anyctx::bpf {

/// Lies in the free element, and overwrites what was there.
struct FreelistNode {
  void* next;
};

/// push() and pop() are legal in every context, nested in each other too. They wait as resilient
/// locks do: for a bounded time.
template <machine::Machine M>
class PercpuFreelist {
 public:
  PercpuFreelist() = default;
  PercpuFreelist(const PercpuFreelist&) = delete;
  PercpuFreelist& operator=(const PercpuFreelist&) = delete;

  /// Empty lists. `cpus` is not owned. Single-threaded, as populate().
  void init(sync::RqCpus<M>& cpus) {
    for (List& list : lists_) {
      list.lock.emplace(cpus);
      list.first.init(nullptr);
    }
  }
  /// `count` elements, `stride` bytes apart, each of which begins with its node. CPUs get equal
  /// shares; the first ones get one more if there is a remainder.
  void populate(void* elements, std::size_t stride, std::uint32_t count) {
    auto* at = static_cast<std::byte*>(elements);
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      const std::uint32_t share = count / M::cpus() + (cpu < count % M::cpus() ? 1 : 0);
      for (std::uint32_t i = 0; i < share; ++i, at += stride) {
        auto* const node = reinterpret_cast<FreelistNode*>(at);
        link(node, lists_[cpu].first.peek());
        lists_[cpu].first.init(node);
      }
    }
  }

  /// To the list of this CPU or, if its lock is not to be had, of the next one, or to the extra
  /// one.
  void push(FreelistNode* node) {
    const machine::IrqState irqs = M::irq_save();
    const unsigned own = M::cpu();
    bool pushed = false;
    for (unsigned i = 0; i < M::cpus() && !pushed; ++i) {
      pushed = push_locked(lists_[(own + i) % M::cpus()], node);
    }
    if (!pushed) push_extra(node);
    M::irq_restore(irqs);
  }

  /// From the list of this CPU, of the next one that has any, or from the extra one. Null if each
  /// was empty when it was looked at, or its lock was not to be had.
  [[nodiscard]] FreelistNode* pop() {
    const machine::IrqState irqs = M::irq_save();
    const unsigned own = M::cpu();
    FreelistNode* node = nullptr;
    for (unsigned i = 0; i < M::cpus() && node == nullptr; ++i) {
      node = pop_locked(lists_[(own + i) % M::cpus()]);
    }
    if (node == nullptr) node = pop_extra();
    M::irq_restore(irqs);
    return node;
  }

  /// For oracles: calls `f(node)` for each element of a CPU's list, or of the extra one, which is
  /// number M::kMaxCpus. No decision points; nobody else is there.
  template <class F>
  void visit(unsigned list, F f) const {
    for (FreelistNode* node = lists_[list].first.peek(); node != nullptr;
         node = static_cast<FreelistNode*>(node->next)) {
      f(node);
    }
  }

 private:
  struct alignas(64) List {
    std::optional<sync::RqSpinLock<M>> lock;
    machine::Atomic<M, FreelistNode*, site::freelist_link> first;
  };

  static void link(FreelistNode* node, FreelistNode* next) {
    M::store_link(site::freelist_link, &node->next, next, std::memory_order_relaxed);
  }
  static FreelistNode* next_of(const FreelistNode* node) {
    return static_cast<FreelistNode*>(
        M::load_link(site::freelist_link, &node->next, std::memory_order_relaxed));
  }

  static bool push_locked(List& list, FreelistNode* node) {
    if (list.lock->lock() != 0) return false;
    link(node, list.first.load(std::memory_order_relaxed));
    list.first.store(node, std::memory_order_relaxed);
    list.lock->unlock();
    return true;
  }
  static FreelistNode* pop_locked(List& list) {
    if (list.first.load(std::memory_order_relaxed) == nullptr) return nullptr;
    if (list.lock->lock() != 0) return nullptr;
    FreelistNode* const node = list.first.load(std::memory_order_relaxed);
    if (node != nullptr) list.first.store(next_of(node), std::memory_order_relaxed);
    list.lock->unlock();
    return node;
  }

  // Pushes without a lock, as long as one at a time takes from it: what is first cannot leave and
  // come back meanwhile.
  void push_extra(FreelistNode* node) {
    FreelistNode* first = extra().first.load(std::memory_order_relaxed);
    do {
      link(node, first);
    } while (!extra().first.cas(first, node, std::memory_order_release));
  }
  FreelistNode* pop_extra() {
    if (extra().first.load(std::memory_order_relaxed) == nullptr) return nullptr;
    if (extra().lock->lock() != 0) return nullptr;
    FreelistNode* first = extra().first.load(std::memory_order_acquire);
    while (first != nullptr) {
      FreelistNode* const next = next_of(first);
      if (extra().first.cas(first, next)) break;
    }
    extra().lock->unlock();
    return first;
  }

  List& extra() { return lists_[M::kMaxCpus]; }

  List lists_[M::kMaxCpus + 1];
};

}  // namespace anyctx::bpf
