// Memcg: makes groups of tasks pay for pages and objects, in every context.
// Source: Linux 7.3 mm/memcontrol.c. Differs in one thing: who may not spin leaves it to deferred
// work to release a payer that he drops the last reference of.
//
// Does not reclaim, and does not move what a group has paid for when the group ends.
#pragma once

#include "lib/page/memcg_bytes.h"

namespace anyctx::page {

/// No heap, no globals: the owner passes groups and payers, which outlive what is charged to them.
template <machine::Machine M>
class Memcg {
 public:
  /// Who pays in the present context; null: nobody. He is online until the operation that asked has
  /// returned. Called in every context, must not wait.
  using CurrentGroup = ObjCgroup<M>* (*)(void* owner);

  struct Config {
    CurrentGroup current = nullptr;
    void* owner = nullptr;
    unsigned page_shift = 12;
    unsigned page_slots = MemcgPages<M>::kSlots;
    unsigned object_slots = MemcgBytes<M>::kSlots;
  };

  Memcg() = default;
  Memcg(const Memcg&) = delete;
  Memcg& operator=(const Memcg&) = delete;

  /// Starts over, with no payers. Single-threaded.
  void init(const Config& config) {
    config_ = config;
    pages_.init(config.page_slots);
    groups_.init(pages_, config.page_shift);
    bytes_.init(pages_, groups_, config.page_shift, config.object_slots);
  }

  // Payers.

  /// From now on `payer` may be current. May spin.
  void bring_online(ObjCgroup<M>& payer, MemCgroup<M>& memcg) {
    payer.init(memcg);
    groups_.add(payer);
  }
  /// It is not current any more, in no context. What it paid for stays. Any context with
  /// Spin::never.
  void take_offline(ObjCgroup<M>& payer, Spin spin) { groups_.put(payer, 1, spin); }
  ObjCgroup<M>* current() const { return config_.current(config_.owner); }

  // Charges. Any context with Spin::never. The payer is the current one, or refered to by what is
  // charged.

  /// False, and nothing has changed: a group may not have that much. Otherwise each page refers to
  /// its payer, and can be uncharged by itself.
  [[nodiscard]] bool try_charge_pages(ObjCgroup<M>& payer, std::uint32_t pages, Spin spin) {
    poll(spin);
    if (!pages_.try_charge(payer.memcg(), pages, spin)) return false;
    payer.get(pages);
    return true;
  }
  void uncharge_pages(ObjCgroup<M>& payer, std::uint32_t pages, Spin spin) {
    pages_.uncharge(payer.memcg(), pages);
    groups_.put(payer, pages, spin);
  }

  /// The same for an object in a slot of `size` bytes.
  [[nodiscard]] bool try_charge_object(ObjCgroup<M>& payer, std::uint32_t size, Spin spin) {
    poll(spin);
    if (!bytes_.try_charge(payer, charge_of(size), spin)) return false;
    payer.get();
    return true;
  }
  void uncharge_object(ObjCgroup<M>& payer, std::uint32_t size, Spin spin) {
    bytes_.uncharge(payer, charge_of(size), spin);
    groups_.put(payer, 1, spin);
  }
  /// An object, and the word that says who pays for it.
  static constexpr std::uint32_t charge_of(std::uint32_t size) { return size + 8; }

  /// Gives up what this CPU has charged in advance.
  void drain_stock(Spin spin) {
    poll(spin);
    bytes_.drain(spin);
    pages_.drain();
  }
  /// The same for all CPUs. Nobody uses them. May spin.
  void drain_unused_stocks() {
    bytes_.drain_unused();
    pages_.drain_unused();
  }

  // For oracles: no decision points.

  const MemcgPages<M>& pages() const { return pages_; }
  const MemcgBytes<M>& bytes() const { return bytes_; }
  const GroupList<M>& groups() const { return groups_; }

 private:
  void poll(Spin spin) {
    if (spin == Spin::allowed) groups_.poll();
  }

  Config config_;
  MemcgPages<M> pages_;
  GroupList<M> groups_;
  MemcgBytes<M> bytes_;
};

}  // namespace anyctx::page
