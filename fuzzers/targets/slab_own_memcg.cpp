#include "fuzzers/targets/slab_own_memcg.h"

namespace anyctx::target {

using page::Spin;

void OwnMemcg::reset(std::uint32_t max, unsigned page_shift, unsigned stock_slots) {
  page::MemCgroup<Sim>& above = groups_[kPayingGroups];
  above.init({.max = std::uint64_t{max} + (max + 1) / 2});
  for (unsigned i = 0; i < kPayingGroups; ++i) {
    groups_[i].init({.max = max, .high = std::uint64_t{max} * 3 / 4}, &above);
    __atomic_store_n(&current_[i], static_cast<PayerId>(i), __ATOMIC_RELEASE);
  }
  page::Memcg<Sim>::Config config;
  config.current = [](void* self) -> page::ObjCgroup<Sim>* {
    OwnMemcg& own = *static_cast<OwnMemcg*>(self);
    const PayerId id = own.current();
    return id == kNobody ? nullptr : &own.payers_[id];
  };
  config.owner = this;
  config.page_shift = page_shift;
  config.object_slots = stock_slots;
  config.page_slots = stock_slots;
  memcg_.init(config);
  for (unsigned i = 0; i < kMostPayers; ++i) {
    memcg_.bring_online(payers_[i], groups_[i % kPayingGroups]);
    online_[i] = true;
  }
}

bool OwnMemcg::replace(unsigned group) {
  const PayerId old = __atomic_load_n(&current_[group], __ATOMIC_ACQUIRE);
  if (old + kPayingGroups >= kMostPayers) return false;
  // There is no point before nobody finds the old one any more.
  __atomic_store_n(&current_[group], static_cast<PayerId>(old + kPayingGroups), __ATOMIC_RELEASE);
  online_[old] = false;
  memcg_.take_offline(payers_[old], Spin::allowed);
  return true;
}

void OwnMemcg::end() {
  for (unsigned i = 0; i < kMostPayers; ++i) {
    if (std::exchange(online_[i], false)) memcg_.take_offline(payers_[i], Spin::allowed);
  }
  memcg_.drain_unused_stocks();
}

GroupView OwnMemcg::group(std::uint32_t index) const {
  const page::MemCgroup<Sim>& group = groups_[index];
  return {.charged = group.peek_charged(),
          .max = group.max(),
          .stock = memcg_.pages().peek_stock(group),
          .is_above = index == kPayingGroups};
}

PayerView OwnMemcg::payer(PayerId id) const {
  const page::ObjCgroup<Sim>& payer = payers_[id];
  const auto share = memcg_.bytes().peek_stock(payer);
  return {.group = id % kPayingGroups,
          .references = payer.peek_references(),
          .bytes = payer.peek_bytes(),
          .stock = share.bytes,
          .stock_refs = share.slots,
          .online = online_[id],
          .released = payer.peek_released()};
}

PayerId OwnMemcg::current() const {
  const unsigned group = paying_group(simulation_.frame().where.lane);
  return group == kPayingGroups ? kNobody : __atomic_load_n(&current_[group], __ATOMIC_ACQUIRE);
}

PayerId OwnMemcg::payer_of_object(const void* object) const {
  return id_of(slabs_.charge().peek_payer(*slabs_.source().slab_of(object), object));
}

PayerId OwnMemcg::payer_of_pages(const void* pages) const {
  return id_of(pages_.page_of(pages)->payer);
}

VectorView OwnMemcg::vector(SlabId id) const {
  const slab::Slab<Sim>& slab = slabs_.source().slabs()[id];
  const void* const address = slab::ObjectCharge<Sim>::peek_vector(slab);
  if (address == nullptr) return {};
  if (slabs_.charge().peek_in_tail(slab)) return {VectorView::Place::in_slab, address};
  const bool in_object = slabs_.source().slab_of(address) != nullptr;
  return {in_object ? VectorView::Place::in_object : VectorView::Place::in_pages, address};
}

}  // namespace anyctx::target
