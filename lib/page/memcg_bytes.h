// MemcgBytes: charges objects to payers, of pages that it charges to their groups, and keeps the
// rest of those pages in stock on each CPU. Source: Linux 7.3 mm/memcontrol.c
// (obj_cgroup_charge_account, consume_obj_stock, refill_obj_stock, drain_obj_stock_slot).
#pragma once

#include "lib/page/group_list.h"

namespace anyctx::page {

/// Every context: the stock's lock is only ever tried. Who finds it taken leaves what is not a
/// whole page in the payer's counter.
template <machine::Machine M>
class MemcgBytes {
 public:
  static constexpr unsigned kSlots = 5;

  /// `slots`: at most kSlots. Single-threaded.
  void init(MemcgPages<M>& pages, GroupList<M>& groups, unsigned page_shift, unsigned slots) {
    ANYCTX_CHECK(slots >= 1 && slots <= kSlots);
    pages_ = &pages;
    groups_ = &groups;
    page_shift_ = page_shift;
    slots_ = slots;
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) std::construct_at(&stocks_.of(cpu));
  }

  /// False, and nothing has changed, if the payer's group may not have another page.
  [[nodiscard]] bool try_charge(ObjCgroup<M>& payer, std::uint32_t bytes, Spin spin) {
    if (take(payer, bytes)) return true;
    const std::uint32_t pages = (bytes + page_mask()) >> page_shift_;
    if (!pages_->try_charge(payer.memcg(), pages, spin)) return false;
    const std::uint32_t rest = (pages << page_shift_) - bytes;
    if (rest != 0) put(payer, rest, WholePages::stay, spin);
    return true;
  }
  void uncharge(ObjCgroup<M>& payer, std::uint32_t bytes, Spin spin) {
    put(payer, bytes, WholePages::go, spin);
  }

  /// Gives up what this CPU has in stock, unless an outer frame is changing it.
  void drain(Spin spin) {
    Stock* const stock = sync::local_trylock<&Stock::lock>(stocks_);
    if (stock == nullptr) return;
    const Slots slots = std::exchange(stock->slots, {});
    sync::local_unlock<&Stock::lock>(stocks_, stock);
    for (const Slot& slot : slots) give_back(slot, spin);
  }
  /// The same for all CPUs. Nobody uses them.
  void drain_unused() {
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      for (const Slot& slot : std::exchange(stocks_.of(cpu).slots, {})) {
        give_back(slot, Spin::allowed);
      }
    }
  }

  /// For oracles: what all stocks have of a payer, and how many of them refer to it.
  struct Share {
    std::uint64_t bytes = 0;
    std::uint32_t slots = 0;
  };
  Share peek_stock(const ObjCgroup<M>& payer) const {
    Share share;
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      for (const Slot& slot : stocks_.of(cpu).slots) {
        if (slot.payer != &payer) continue;
        share.bytes += slot.bytes;
        ++share.slots;
      }
    }
    return share;
  }

 private:
  /// Has a reference of its payer.
  struct Slot {
    ObjCgroup<M>* payer = nullptr;
    std::uint16_t bytes = 0;
  };
  using Slots = std::array<Slot, kSlots>;
  struct Stock {
    sync::LocalLock<M, site::memcg_object_stock> lock;
    std::uint8_t victim = 0;  // the slot to give up next
    Slots slots;
  };
  /// Of what is put into stock: after a charge they stay, the next one will need them.
  enum class WholePages : bool { stay, go };

  std::uint32_t page_mask() const { return (1u << page_shift_) - 1; }

  Slot* find(Stock& stock, const ObjCgroup<M>* payer) {
    const auto end = stock.slots.begin() + slots_;
    const auto found = std::find_if(stock.slots.begin(), end,
                                    [&](const Slot& slot) { return slot.payer == payer; });
    return found == end ? nullptr : &*found;
  }

  bool take(ObjCgroup<M>& payer, std::uint32_t bytes) {
    Stock* const stock = sync::local_trylock<&Stock::lock>(stocks_);
    if (stock == nullptr) return false;
    Slot* const slot = find(*stock, &payer);
    const bool enough = slot != nullptr && slot->bytes >= bytes;
    if (enough) slot->bytes = static_cast<std::uint16_t>(slot->bytes - bytes);
    sync::local_unlock<&Stock::lock>(stocks_, stock);
    return enough;
  }

  void put(ObjCgroup<M>& payer, std::uint32_t bytes, WholePages whole_pages, Spin spin) {
    Stock* const stock = sync::local_trylock<&Stock::lock>(stocks_);
    if (stock == nullptr) return put_back(payer, bytes);
    Slot evicted;
    Slot& slot = slot_for(*stock, payer, evicted);
    // What the payer's counter has comes along, which may be more than a slot can hold.
    std::uint32_t sum = slot.bytes + payer.take_bytes() + bytes;
    std::uint32_t pages = 0;
    const bool too_many = whole_pages == WholePages::go && sum > page_mask() + 1;
    if (too_many || sum > UINT16_MAX) {
      pages = sum >> page_shift_;
      sum &= page_mask();
    }
    slot.bytes = static_cast<std::uint16_t>(sum);
    sync::local_unlock<&Stock::lock>(stocks_, stock);
    give_back(evicted, spin);
    if (pages != 0) pages_->uncharge(payer.memcg(), pages);
  }

  /// The payer's slot, or one that is free, or that of another payer which has to make room.
  Slot& slot_for(Stock& stock, ObjCgroup<M>& payer, Slot& evicted) {
    Slot* slot = find(stock, &payer);
    if (slot != nullptr) return *slot;
    slot = find(stock, nullptr);
    if (slot == nullptr) {
      slot = &stock.slots[stock.victim];
      stock.victim = static_cast<std::uint8_t>((stock.victim + 1u) % slots_);
      evicted = std::exchange(*slot, {});
    }
    payer.get();
    slot->payer = &payer;
    return *slot;
  }

  /// After the stock's lock was released: the slot's reference may be the last one of its payer.
  void give_back(const Slot& slot, Spin spin) {
    if (slot.payer == nullptr) return;
    put_back(*slot.payer, slot.bytes);
    groups_->put(*slot.payer, 1, spin);
  }
  /// The caller has a reference.
  void put_back(ObjCgroup<M>& payer, std::uint32_t bytes) {
    const std::uint32_t rest = bytes & page_mask();
    if (rest != 0) payer.add_bytes(rest);
    if (rest != bytes) pages_->uncharge(payer.memcg(), bytes >> page_shift_);
  }

  MemcgPages<M>* pages_ = nullptr;
  GroupList<M>* groups_ = nullptr;
  unsigned page_shift_ = 12;
  unsigned slots_ = kSlots;
  machine::PerCpu<M, Stock> stocks_;
};

}  // namespace anyctx::page
