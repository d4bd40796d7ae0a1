// Slab: the descriptor of a block of pages that is carved into objects of one cache.
// Source: Linux 7.3 mm/slab.h (struct slab).
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/defer/rcu_head.h"
#include "lib/machine/check.h"
#include "lib/page/frame_lock.h"
#include "lib/page/page.h"
#include "lib/slab/sites.h"

namespace anyctx::slab {

template <machine::Machine M>
class Cache;
template <machine::Machine M>
class SlabSource;

/// What a slab says about its objects, in one word so that it can be swapped with the freelist.
/// Frozen: the slab of a CPU, all of its objects count as in use, and no list holds it. Who frees
/// into it does no list work.
struct Counters {
  std::uint32_t inuse = 0;    // 16 bits
  std::uint32_t objects = 0;  // 15 bits
  bool frozen = false;
  friend constexpr bool operator==(const Counters&, const Counters&) = default;

  constexpr std::uint64_t pack() const {
    return inuse | objects << 16 | static_cast<std::uint32_t>(frozen) << 31;
  }
  static constexpr Counters unpack(std::uint64_t word) {
    const auto low = static_cast<std::uint32_t>(word);
    return {low & 0xffff, low >> 16 & 0x7fff, low >> 31 != 0};
  }
};

/// Both words of a slab's pair. `freelist` is the first free object, not encoded.
struct SlabState {
  void* freelist = nullptr;
  Counters counters;

  machine::Pair pack() const {
    return {reinterpret_cast<std::uint64_t>(freelist), counters.pack()};
  }
  static SlabState unpack(const machine::Pair& pair) {
    return {reinterpret_cast<void*>(pair.first), Counters::unpack(pair.second)};
  }
};

/// One per page frame, passed by the owner of the memory, parallel to the array of pages. All
/// fields but `head` and `node` are meaningful in the first page of a slab only. The lock or owner
/// that protects a field is named beside it.
template <machine::Machine M>
struct Slab {
  using Lock = page::FrameLock<M, site::slab_lock, page::Irqs::masked, sync::OnRt::spins>;

  machine::Pair pair;               // swapped by update(), except under the rules of store()
  Slab* head = nullptr;             // constant while a slab: the first page; null: not a slab
  Cache<M>* cache = nullptr;        // constant while a slab
  page::Page<M>* page = nullptr;    // constant while a slab
  Slab* next = nullptr;             // list lock: neighbours on a node's list
  Slab* prev = nullptr;             // list lock
  Slab* chain = nullptr;            // CPU lock: next on a CPU's partial chain
  void* detached = nullptr;         // owner: freelist of a displaced CPU slab
  defer::LlistNode deferred{};      // list of displaced slabs
  defer::RcuHead<M> grace;          // of a retired slab
  SlabSource<M>* source = nullptr;  // owner: who gives the pages of a retired slab back
  std::uint32_t chain_length = 0;   // CPU lock: slabs on the chain from here on
  machine::Atomic<M, std::uintptr_t, site::payers> payers;  // see ObjectCharge
  Lock lock;                  // taken by updates where no double-word swap exists
  std::uint32_t objects = 0;  // constant while a slab
  std::uint8_t order = 0;     // constant while a slab
  std::uint8_t node = 0;      // constant for ever
  bool on_partial = false;    // list lock: on its node's partial list
  bool retired = false;       // owner: no user's any more, waits for readers to leave

  static Slab& of(defer::RcuHead<M>* head) {
    return *reinterpret_cast<Slab*>(reinterpret_cast<std::byte*>(head) - offsetof(Slab, grace));
  }

  /// A snapshot that update() then confirms; its halves may be from different moments.
  SlabState load() const { return SlabState::unpack(M::load2(site::pair, &pair)); }

  /// Replaces the state, atomically, if it still is `expected`; otherwise reload and try again.
  /// Without M::has_cas2() it waits for a lock and is not for nolock operations.
  bool update(const SlabState& expected, const SlabState& desired) {
    if (M::has_cas2()) [[likely]]
      return swap(expected, desired);
    const machine::IrqState irqs = lock.lock();
    return replace(expected, desired, irqs);
  }

  enum class Update : std::uint8_t { done, changed, busy };
  /// The same for every context where sync::can_spin_trylock(). `changed`: reload and try again.
  /// `busy`: the lock is taken, by another CPU or by the interrupted frame.
  Update try_update(const SlabState& expected, const SlabState& desired) {
    if (M::has_cas2()) [[likely]]
      return swap(expected, desired) ? Update::done : Update::changed;
    machine::IrqState irqs{};
    if (!lock.try_lock(irqs)) return Update::busy;
    return replace(expected, desired, irqs) ? Update::done : Update::changed;
  }

  /// Writes the state. Only where nobody else can: a slab that was not published yet, or one of a
  /// debug cache under the list lock.
  void store(const SlabState& state) {
    const machine::Pair packed = state.pack();
    M::store(site::pair, &pair.first, packed.first, std::memory_order_relaxed);
    M::store(site::pair, &pair.second, packed.second, std::memory_order_relaxed);
  }

  /// For oracles and for slabs that nobody else can reach: not a decision point.
  SlabState peek() const { return SlabState::unpack(pair); }
  void init(const SlabState& state) { pair = state.pack(); }

 private:
  bool swap(const SlabState& expected, const SlabState& desired) {
    machine::Pair found = expected.pack();
    return M::cas2(site::pair, &pair, found, desired.pack());
  }
  /// The lock is held, and is not afterwards.
  bool replace(const SlabState& expected, const SlabState& desired, machine::IrqState irqs) {
    const bool same = load().pack() == expected.pack();
    if (same) store(desired);
    lock.unlock(irqs);
    return same;
  }
};

}  // namespace anyctx::slab
