// MemcgPages: charges pages to memory groups, and keeps some charged in advance on each CPU.
// Source: Linux 7.3 mm/memcontrol.c (try_charge_memcg, consume_stock, refill_stock).
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "lib/page/mem_cgroup.h"
#include "lib/sync/local_lock.h"

namespace anyctx::page {

/// Every context: the stock's lock is only ever tried. Who finds it taken goes to the counters.
template <machine::Machine M>
class MemcgPages {
 public:
  static constexpr unsigned kSlots = 7;
  /// What a stock takes at once, and the most that it keeps of a group.
  static constexpr std::uint32_t kBatch = 64;

  /// `slots`: at most kSlots. Single-threaded.
  void init(unsigned slots) {
    ANYCTX_CHECK(slots >= 1 && slots <= kSlots);
    slots_ = slots;
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) std::construct_at(&stocks_.of(cpu));
  }

  /// False, and nothing has changed, if a group of this branch may not have that much more. Who may
  /// not spin charges what he needs and no more: what he left in stock would be missing elsewhere,
  /// and he cannot look for it when the limit is reached.
  [[nodiscard]] bool try_charge(MemCgroup<M>& group, std::uint32_t pages, Spin spin) {
    if (take(group, pages)) return true;
    if (spin == Spin::allowed && pages < kBatch && group.try_charge(kBatch)) {
      uncharge(group, kBatch - pages);
      group.note_charge(spin);
      return true;
    }
    MemCgroup<M>* const full = group.charge(pages);
    if (full != nullptr) {
      full->note_refusal(spin);
      return false;
    }
    group.note_charge(spin);
    return true;
  }

  void uncharge(MemCgroup<M>& group, std::uint32_t pages) {
    Stock* const stock = pages <= kBatch ? sync::local_trylock<&Stock::lock>(stocks_) : nullptr;
    if (stock == nullptr) return group.uncharge(pages);
    Slot evicted;
    Slot& slot = slot_for(*stock, group, evicted);
    const std::uint32_t sum = slot.pages + pages;
    const bool too_many = sum > kBatch;
    slot.pages = too_many ? 0 : static_cast<std::uint8_t>(sum);
    sync::local_unlock<&Stock::lock>(stocks_, stock);
    give_back(evicted);
    if (too_many) group.uncharge(sum);
  }

  /// Gives up what this CPU has in stock, unless an outer frame is changing it.
  void drain() {
    Stock* const stock = sync::local_trylock<&Stock::lock>(stocks_);
    if (stock == nullptr) return;
    const Slots slots = std::exchange(stock->slots, {});
    sync::local_unlock<&Stock::lock>(stocks_, stock);
    for (const Slot& slot : slots) give_back(slot);
  }
  /// The same for all CPUs. Nobody uses them.
  void drain_unused() {
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      for (const Slot& slot : std::exchange(stocks_.of(cpu).slots, {})) give_back(slot);
    }
  }

  /// For oracles: what all stocks have of a group.
  std::uint64_t peek_stock(const MemCgroup<M>& group) const {
    std::uint64_t pages = 0;
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      for (const Slot& slot : stocks_.of(cpu).slots) {
        if (slot.group == &group) pages += slot.pages;
      }
    }
    return pages;
  }

 private:
  struct Slot {
    MemCgroup<M>* group = nullptr;
    std::uint8_t pages = 0;
  };
  static_assert(2 * kBatch <= UINT8_MAX);
  using Slots = std::array<Slot, kSlots>;
  struct Stock {
    sync::LocalLock<M, site::memcg_page_stock> lock;
    std::uint8_t victim = 0;  // the slot to give up next
    Slots slots;
  };

  Slot* find(Stock& stock, const MemCgroup<M>* group) {
    const auto end = stock.slots.begin() + slots_;
    const auto found = std::find_if(stock.slots.begin(), end,
                                    [&](const Slot& slot) { return slot.group == group; });
    return found == end ? nullptr : &*found;
  }

  bool take(MemCgroup<M>& group, std::uint32_t pages) {
    if (pages > kBatch) return false;
    Stock* const stock = sync::local_trylock<&Stock::lock>(stocks_);
    if (stock == nullptr) return false;
    Slot* const slot = find(*stock, &group);
    const bool enough = slot != nullptr && slot->pages >= pages;
    if (enough) slot->pages = static_cast<std::uint8_t>(slot->pages - pages);
    sync::local_unlock<&Stock::lock>(stocks_, stock);
    return enough;
  }

  /// The group's slot, or one that is free, or that of another group which has to make room.
  Slot& slot_for(Stock& stock, MemCgroup<M>& group, Slot& evicted) {
    Slot* slot = find(stock, &group);
    if (slot == nullptr) slot = find(stock, nullptr);
    if (slot == nullptr) {
      slot = &stock.slots[stock.victim];
      stock.victim = static_cast<std::uint8_t>((stock.victim + 1u) % slots_);
      evicted = std::exchange(*slot, {});
    }
    slot->group = &group;
    return *slot;
  }

  static void give_back(const Slot& slot) {
    if (slot.pages != 0) slot.group->uncharge(slot.pages);
  }

  unsigned slots_ = kSlots;
  machine::PerCpu<M, Stock> stocks_;
};

}  // namespace anyctx::page
