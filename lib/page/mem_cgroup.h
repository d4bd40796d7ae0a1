// MemCgroup: how much memory a group of tasks has, and may have, together with the groups below it.
// Source: Linux 7.3 mm/page_counter.c (page_counter_try_charge), mm/memcontrol.c (events).
#pragma once

#include "lib/machine/atomic.h"
#include "lib/page/memcg_sites.h"
#include "lib/page/spin.h"

namespace anyctx::page {

/// Counts in the unit that its owner chooses: Memcg in pages. Every context; never waits, never
/// reclaims. Outlives everything that is charged to it.
template <machine::Machine M>
class MemCgroup {
 public:
  static constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};

  struct Limits {
    std::uint64_t max = kNoLimit;
    std::uint64_t high = kNoLimit;  // from here on its tasks are slowed down
  };

  /// Starts over with nothing charged. `parent`: what is charged here is charged there as well.
  void init(const Limits& limits = {}, MemCgroup* parent = nullptr) {
    limits_ = limits;
    parent_ = parent;
    charged_.init(0);
    refused_.init(0);
  }

  /// Null: done. Otherwise the group of this branch that may not have that much more, and nothing
  /// has changed. Adds before it looks: of two charges at once that fit one by one, both may fail.
  [[nodiscard]] MemCgroup* charge(std::uint64_t amount) {
    for (MemCgroup* group = this; group != nullptr; group = group->parent_) {
      const std::uint64_t before = group->charged_.fetch_add(amount);
      const std::uint64_t max = group->limits_.max;
      if (!M::fails(site::memcg_limit, before > max || amount > max - before)) continue;
      subtract(amount, group);
      return group;
    }
    return nullptr;
  }
  [[nodiscard]] bool try_charge(std::uint64_t amount) { return charge(amount) == nullptr; }
  void uncharge(std::uint64_t amount) { subtract(amount, nullptr); }

  /// A charge was refused here. Who watches the group is told, but not by somebody who must not
  /// take the locks that this needs: he only counts.
  void note_refusal(Spin spin) {
    refused_.fetch_add(1);
    if (spin == Spin::allowed) M::wake(site::memcg_notify);
  }
  /// A charge went through. A task over the high limit is slowed down when it returns to its
  /// program, which is not modelled; on behalf of others a work has to do it, and whoever must not
  /// take its locks lets it be.
  void note_charge(Spin spin) {
    if (spin == Spin::never || M::context() == machine::Context::task) return;
    for (MemCgroup* group = this; group != nullptr; group = group->parent_) {
      if (group->is_over_high()) return M::wake(site::memcg_notify);
    }
  }

  // For oracles.
  std::uint64_t peek_charged() const { return charged_.peek(); }
  std::uint64_t peek_refused() const { return refused_.peek(); }
  std::uint64_t max() const { return limits_.max; }
  const MemCgroup* parent() const { return parent_; }

 private:
  bool is_over_high() {
    return limits_.high != kNoLimit && charged_.load(std::memory_order_relaxed) > limits_.high;
  }

  /// From this group and those above it, up to and including `last`.
  void subtract(std::uint64_t amount, const MemCgroup* last) {
    for (MemCgroup* group = this; group != nullptr; group = group->parent_) {
      group->charged_.fetch_add(~amount + 1);
      if (group == last) return;
    }
  }

  Limits limits_;
  MemCgroup* parent_ = nullptr;
  machine::Atomic<M, std::uint64_t, site::memcg_charge> charged_;
  machine::Atomic<M, std::uint64_t, site::memcg_events> refused_;
};

}  // namespace anyctx::page
